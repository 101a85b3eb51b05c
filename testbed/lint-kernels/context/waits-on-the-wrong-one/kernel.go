// Package kernel runs probes until the monitor is stopped; the probe waits on the context its own was derived from.
package kernel

import "context"

type monitor struct {
	base   context.Context
	cancel context.CancelFunc
	alerts chan string
}

func start(ctx context.Context) *monitor {
	m := &monitor{base: ctx, alerts: make(chan string, 8)}
	ctx, m.cancel = context.WithCancel(ctx)
	go m.probe(ctx)
	return m
}

func (m *monitor) probe(ctx context.Context) {
	beats := make(chan struct{})
	go beat(ctx, beats)
	for {
		select { // stuck
		case <-beats:
			m.alerts <- "beat"
		case <-m.base.Done(): // want LK005|CX003
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
	m.cancel() // via
}
