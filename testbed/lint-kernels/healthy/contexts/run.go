package contexts

import (
	"context"
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

	cancel()
	rollback(ctx, ask)
	<-served
}
