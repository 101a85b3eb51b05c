package contexts

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Run calls what the package has, and returns when all of it is done.
func Run() {
	ctx, cancel := context.WithCancel(context.Background())
	ask := func(context.Context) error { return nil }
	work := func(context.Context) {}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() {
		served <- serveUntil(ctx, &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second}, listener)
	}()
	newClient().close()
	s := new(subscription)
	s.open(ctx)
	s.close()
	write := func(context.Context, string) error { return nil }
	(&audit{write: write}).record(ctx, "login")
	var none context.Context
	withDefault(none, ask)
	untilSignal(ctx, ask)
	(&closer{flush: ask}).Close()

	j := &jobs{ctx: ctx, queue: make(chan func(context.Context))}
	go j.run()
	j.enqueue(ctx, work)
	do(ctx, &call{ctx: ctx, method: "get"}, func(c *call) error { return c.context().Err() })

	derived, stop := limited(ctx, time.Second)
	limitedIfAsked(derived, time.Second, ask)
	limitedOrNot(derived, 0, ask)
	stop()
	handedToGoroutine(ctx, work)
	cancelledByTimer(ctx, 10*time.Millisecond, make(chan struct{}), work)
	cancelledWithOther(ctx, context.Background(), ask)
	w := &watches{cancels: map[string]context.CancelFunc{}}
	wait := func(ctx context.Context) { <-ctx.Done() }
	w.add(ctx, "a", wait)
	w.add(ctx, "a", wait)
	w.remove("a")
	startAll(ctx, []func(context.Context){wait, wait})()
	changes := make(chan string, 2)
	changes <- "a"
	changes <- "b"
	close(changes)
	restarted(ctx, changes, func(ctx context.Context, _ string) { <-ctx.Done() })
	eachWithLimit(ctx, []string{"a"}, write)
	eachInFunction(ctx, []string{"a"}, write)
	setUpOnce(ctx, time.Second, ask)

	dial := func(ctx context.Context) (<-chan string, error) {
		frames := make(chan string)
		context.AfterFunc(ctx, func() { close(frames) })
		return frames, nil
	}
	refused := func(context.Context) (<-chan string, error) { return nil, errors.New("refused") }
	for _, dial := range []func(context.Context) (<-chan string, error){dial, refused} {
		if s, err := openStream(ctx, dial); err == nil {
			s.close()
		}
		if s, err := openLater(ctx, dial); err == nil {
			s.close()
		}
	}
	held := &session{streams: map[int]struct {
		name   string
		cancel context.CancelFunc
	}{}}
	ended := held.add(ctx, 1, "a")
	held.close()
	anyOf(ended, nil)
	values(ctx, map[any]any{traceKey{}: "a"})
	cancel()
	rollback(ctx, ask)
	<-served
}
