// Package fixed restarts a stream under a new context after it has cancelled the old one.
package fixed

import "context"

type stream struct {
	cancel context.CancelFunc
	frames chan []byte
}

func (s *stream) restart(parent context.Context) {
	s.close()
	ctx, cancel := context.WithCancel(parent)
	s.cancel = cancel
	go s.pump(ctx)
}

func (s *stream) pump(ctx context.Context) {
	for {
		select {
		case <-s.frames:
		case <-ctx.Done():
			return
		}
	}
}

func (s *stream) close() {
	if s.cancel != nil {
		s.cancel()
	}
}
