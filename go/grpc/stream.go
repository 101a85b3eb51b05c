// A server stream whose producer ends with it.

package herdgrpc

import (
	"context"
	"fmt"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// ServeStream answers a server-streaming call from a producer on a goroutine of its own. The producer hands messages to emit; up
// to buffer of them (negative means none) wait for a slow client, then emit blocks. ServeStream returns when the producer has
// returned and what it emitted was sent, or when the call's context ends or sending fails. In each case the producer has ended
// before ServeStream returns: its context is cancelled and emit gives the cause, so nothing is left behind that waits for a client
// that has gone. A producer that heeds neither its context nor emit's error keeps the handler waiting, visibly, instead of
// leaking.
//
// The result is the producer's error if it ended by itself, the status of the context if that ended, or the error of sending. A
// panic of the producer is raised again on the handler's goroutine, where interceptors recover it; its stack is in the value.
func ServeStream[T any](stream grpc.ServerStreamingServer[T], buffer int,
	produce func(ctx context.Context, emit func(*T) error) error,
) error {
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	messages := make(chan *T, max(0, buffer))
	ended := make(chan outcome, 1)
	go run(ctx, messages, ended, produce)

	failed := send(ctx, stream, messages)
	if failed != nil {
		cancel(failed)
	}
	o := <-ended
	if o.panicked != nil {
		panic(o.panicked)
	}
	if failed != nil {
		return failed
	}
	return o.err
}

type outcome struct {
	err      error
	panicked error
}

// run closes messages when the producer has ended.
func run[T any](ctx context.Context, messages chan<- *T, ended chan<- outcome,
	produce func(context.Context, func(*T) error) error,
) {
	o := outcome{panicked: fmt.Errorf("producer called runtime.Goexit")}
	defer func() {
		if v := recover(); v != nil {
			o.panicked = fmt.Errorf("producer panicked: %v\n%s", v, debug.Stack())
		}
		ended <- o
		close(messages)
	}()
	err := produce(ctx, func(m *T) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		select {
		case messages <- m:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	o = outcome{err: err}
}

// send forwards until the producer has ended, which gives nil, or the stream cannot go on.
func send[T any](ctx context.Context, stream grpc.ServerStreamingServer[T], messages <-chan *T) error {
	for {
		select {
		case m, more := <-messages:
			if !more {
				return nil
			}
			if err := stream.Send(m); err != nil {
				return err
			}
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
}
