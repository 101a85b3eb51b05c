package contexts

import (
	"context"
	"sync"
)

// stream owns the context it was opened with; on a failure to open, nobody does.
type stream struct {
	cancel context.CancelFunc
	frames <-chan string
}

func openStream(parent context.Context, dial func(context.Context) (<-chan string, error)) (*stream, error) {
	ctx, cancel := context.WithCancel(parent)
	frames, err := dial(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	return &stream{cancel: cancel, frames: frames}, nil
}

func (s *stream) close() {
	s.cancel()
	for range s.frames {
	}
}

// openLater cancels on failure in a deferred function and hands the cancel function on otherwise.
func openLater(parent context.Context, dial func(context.Context) (<-chan string, error)) (s *stream, err error) {
	ctx, cancel := context.WithCancel(parent)
	defer func() {
		if err != nil {
			cancel()
		}
	}()
	frames, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	return &stream{cancel: cancel, frames: frames}, nil
}

// session keeps its cancel functions in a table of structs.
type session struct {
	mu      sync.Mutex
	streams map[int]struct {
		name   string
		cancel context.CancelFunc
	}
}

func (s *session) add(parent context.Context, id int, name string) context.Context {
	ctx, cancel := context.WithCancel(parent)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[id] = struct {
		name   string
		cancel context.CancelFunc
	}{name, cancel}
	return ctx
}

func (s *session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stream := range s.streams {
		stream.cancel()
	}
	clear(s.streams)
}

// anyOf is given a channel that may be nil, and waits for the other then.
func anyOf(ctx context.Context, quit <-chan struct{}) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-quit:
		return nil
	}
}

// values derives in a loop what has nothing to cancel.
func values(ctx context.Context, pairs map[any]any) context.Context {
	for key, value := range pairs {
		ctx = context.WithValue(ctx, key, value)
	}
	return ctx
}
