// Package kernel restarts a stream under a new context and forgets the cancel of the old one.
package kernel

import "context"

type stream struct {
	cancel context.CancelFunc
	frames chan []byte
}

func (s *stream) restart(parent context.Context) {
	ctx, cancel := context.WithCancel(parent)
	s.cancel = cancel // want CX002|LK005
	go s.pump(ctx)
}

func (s *stream) pump(ctx context.Context) {
	for {
		select { // via; stuck
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
