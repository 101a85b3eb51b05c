// Package fixed runs probes until the monitor is stopped; the probe waits on the context that is cancelled.
package fixed

import "context"

type monitor struct {
	cancel context.CancelFunc
	alerts chan string
}

func start(ctx context.Context) *monitor {
	m := &monitor{alerts: make(chan string, 8)}
	ctx, m.cancel = context.WithCancel(ctx)
	go m.probe(ctx)
	return m
}

func (m *monitor) probe(ctx context.Context) {
	beats := make(chan struct{})
	go beat(ctx, beats)
	for {
		select {
		case <-beats:
			m.alerts <- "beat"
		case <-ctx.Done():
			return
		}
	}
}

func beat(ctx context.Context, beats chan<- struct{}) {
	select {
	case beats <- struct{}{}:
	case <-ctx.Done():
	}
}

func (m *monitor) stop() {
	m.cancel()
}
