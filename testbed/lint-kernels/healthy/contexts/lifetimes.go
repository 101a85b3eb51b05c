// Package contexts has contexts that outlive a request, or have no deadline, on purpose.
package contexts

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"
)

// serveUntil shuts a server down after its context has ended: the time for that cannot come from the context that ended.
func serveUntil(ctx context.Context, server *http.Server, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}

// client has a context for as long as it lives: the one of whoever made it may end with a request.
type client struct {
	cancel context.CancelFunc
	events chan string
	closed chan struct{}
}

func newClient() *client {
	ctx, cancel := context.WithCancel(context.Background())
	c := &client{cancel: cancel, events: make(chan string), closed: make(chan struct{})}
	go c.listen(ctx)
	return c
}

func (c *client) listen(ctx context.Context) {
	defer close(c.closed)
	for {
		select {
		case <-c.events:
		case <-ctx.Done():
			return
		}
	}
}

func (c *client) close() {
	c.cancel()
	<-c.closed
}

// subscription assigns its cancel function to a field and calls it when it is closed.
type subscription struct {
	ctx    context.Context
	cancel context.CancelFunc
}

func (s *subscription) open(parent context.Context) {
	s.ctx, s.cancel = context.WithCancel(parent)
}

func (s *subscription) close() {
	s.cancel()
}

// audit records what was done although the request that did it may have been given up.
type audit struct {
	write func(ctx context.Context, line string) error
}

func (a *audit) record(ctx context.Context, line string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return a.write(ctx, line)
}

// rollback undoes what a request began; the context of the request has ended, that is why.
func rollback(ctx context.Context, undo func(context.Context) error) error {
	<-ctx.Done()
	cleanup, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return errors.Join(ctx.Err(), undo(cleanup))
}

// withDefault accepts callers that have no context.
func withDefault(ctx context.Context, ask func(context.Context) error) error {
	if ctx == nil {
		ctx = context.Background()
	}
	return ask(ctx)
}

// untilSignal ends with a signal, and stops listening for it.
func untilSignal(parent context.Context, serve func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt)
	defer stop()
	return serve(ctx)
}

// closer implements an interface that has no context.
type closer struct {
	flush func(context.Context) error
}

func (c *closer) Close() error {
	return c.flush(context.TODO())
}

// jobs takes work from handlers and does it under the context of the process, which is meant to outlive them.
type jobs struct {
	ctx   context.Context
	queue chan func(context.Context)
}

func (j *jobs) enqueue(ctx context.Context, job func(context.Context)) error {
	select {
	case j.queue <- job:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *jobs) run() {
	for {
		select {
		case job := <-j.queue:
			job(j.ctx)
		case <-j.ctx.Done():
			return
		}
	}
}
