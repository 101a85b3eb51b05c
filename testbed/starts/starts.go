// Package starts has goroutines of every kind and risk, for the inventory of them. A line that starts one says how it is judged:
// its risk, what ends it, who waits for it, and the reasons with their points.
package starts

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

type queue struct {
	items chan int
	quit  chan struct{}
	wg    sync.WaitGroup
	conns []net.Conn
}

func work(int) {}

// endless never ends, and nobody could tell it to.
func (q *queue) endless() {
	for {
		work(<-q.items)
	}
}

// until ends with its context.
func (q *queue) until(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case i := <-q.items:
			work(i)
		}
	}
}

func (q *queue) quits() {
	for {
		select {
		case <-q.quit:
			return
		case <-time.After(time.Second):
			work(0)
		}
	}
}

func drain(numbers chan int) {
	for n := range numbers {
		work(n)
	}
}

func put(numbers chan<- int) { numbers <- 1 }

func (q *queue) Start(ctx context.Context) {
	go q.endless()  // start: high never nobody; never-ends +4, waits-to-receive +2, no-stop +1
	go q.until(ctx) // start: low context nobody
	go q.quits()    // start: low signal nobody
	go work(1)      // start: low runs-out nobody
	go func() {     // start: medium condition nobody; waits-to-receive +2, no-stop +1
		for {
			if i := <-q.items; i == 0 {
				return
			}
		}
	}()
	go func() { select {} }() // start: high never nobody; never-ends +4, waits-in-select +1, no-stop +1
}

func Pool(n int) {
	open, closed := make(chan int), make(chan int)
	go drain(open)   // start: medium closed-elsewhere nobody; nobody-closes +3
	go drain(closed) // start: low closed nobody
	for i := range n {
		open <- i
		closed <- i
	}
	close(closed)
}

func Joined(names []string) {
	var wg sync.WaitGroup
	for range names {
		wg.Add(1)
		go func() { // start: low runs-out starter; in-loop +1, joined -3
			defer wg.Done()
			work(2)
		}()
	}
	wg.Wait()
	wg.Go(func() { work(3) }) // start: low runs-out somebody; waited-for -1
	if len(names) > 3 {
		wg.Wait()
	}
}

func Fetched(ctx context.Context, names []string) error {
	group, ctx := errgroup.WithContext(ctx)
	for range names {
		group.Go(func() error { return ctx.Err() }) // start: low runs-out starter; in-loop +1, joined -3
	}
	return group.Wait()
}

func Limited(names []string) error {
	var group errgroup.Group
	group.SetLimit(4)
	for range names {
		group.Go(func() error { work(4); return nil }) // start: low runs-out starter; joined -3
	}
	return group.Wait()
}

func Answer() (int, error) {
	unbuffered, buffered := make(chan int), make(chan int, 1)
	for range []int{1} {
		go func() { buffered <- 3 }() // start: low runs-out nobody; in-loop +1, sends-have-room -1
	}
	go put(unbuffered) // start: medium runs-out nobody; waits-to-send +2, no-stop +1
	go put(buffered)   // start: low runs-out nobody
	go func() {        // start: medium runs-out somebody; waits-to-send +2, no-stop +1, waited-for -1
		unbuffered <- 2
	}()
	select {
	case n := <-unbuffered:
		return n, nil
	case <-time.After(time.Second):
		return 0, errors.New("late")
	}
}

func Accept(listener net.Listener, handle func(net.Conn)) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go handle(conn) // start: high unknown nobody; unknown +2, in-endless-loop +2
	}
}

func Slots(listener net.Listener) {
	slots := make(chan struct{}, 8)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		slots <- struct{}{}
		go func() { // start: low runs-out nobody
			defer func() { <-slots }()
			conn.Close()
		}()
	}
}

func Handle(w http.ResponseWriter, r *http.Request) {
	go func() { // start: high runs-out nobody; per-request +1, no-recover +1, context-ends-first +2
		later(r.Context())
	}()
	go func() { // start: low runs-out nobody; per-request +1
		defer func() { _ = recover() }()
		work(5)
	}()
}

func later(context.Context) {}

func Derived(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	go func() { // start: medium runs-out nobody; context-ends-first +2
		later(ctx)
	}()
}

func Serve(mux *http.ServeMux, server *http.Server) {
	mux.HandleFunc("/", Handle)        // start: low runs-out library
	go server.ListenAndServe()         // start: low shutdown nobody
	time.AfterFunc(time.Hour, func() { // start: low runs-out library
		work(6)
	})
	context.AfterFunc(context.Background(), func() { work(7) }) // start: low runs-out library
}
