package channels

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"
)

// Run calls what the package has, and returns when all of it is done.
func Run() {
	runResults()
	runOwners()
	runSelects()
	runShapes()
}

func runResults() {
	quote(func() string { time.Sleep(20 * time.Millisecond); return "" }, time.Millisecond)
	fine := func() answer { return answer{text: "a"} }
	first([]func() answer{fine, fine, fine})
	both(fine, func() answer { return answer{err: errSlow} })
	lines := make(chan string)
	go produce([]string{"a", "", "b", "c"}, lines)
	drained(lines, func(line string) bool { return line != "" })
	ctx, cancel := context.WithCancel(context.Background())
	<-guarded(ctx, 10, func(int) string { return "page" })
	cancel()
	_ = future(func() int { return 1 })
	questions, done := make(chan question), make(chan struct{})
	go answerLoop(questions, done)
	askLoop(questions, done, "a")
	close(done)
	askLoop(questions, done, "b")
	firstError(func() error { return nil }, func() error { return nil })
	piped(strings.NewReader("text"), io.Discard, func(to io.Writer, from io.Reader) error {
		_, err := io.Copy(to, from)
		return err
	})
}

func runOwners() {
	f := newFeed()
	f.push("a")
	f.close()
	f.close()
	f.push("b")
	p := newPool(2)
	p.submit(func() {})
	p.close()
	t := new(topic)
	t.subscribe()
	for range 10 {
		t.publish("a")
	}
	t.close()
	t.close()
	t.subscribe()
	stages([]string{"a", "b"}, func(line string) bool { return line == "a" })
	l := new(latch)
	<-func() <-chan struct{} { c := l.reopened(); l.closeOnce(); return c }()
	l.closeOnce()
	l.reopened()
	l.reopened()
	l.closeOnce()
}

func runShapes() {
	work := make(chan int, 1)
	work <- 1
	withLimit(work, 0)
	withLimit(work, time.Millisecond)
	b := startBackground()
	b.work <- func() {}
	b.close()
	firstBatch([]int{1, 2, 3, 4, 5})
	spread([]int{1, 2, 3}, 2, func(int) {})
	pulled(slices.Values([]int{1, 2}))
	acked([]func(){func() {}, func() {}})
}

func runSelects() {
	stream := func(values ...int) <-chan int {
		ch := make(chan int, len(values))
		for _, value := range values {
			ch <- value
		}
		close(ch)
		return ch
	}
	merge(stream(1, 2), stream(3), func(int) {})
	in, out, done := make(chan string, 1), make(chan string), make(chan struct{})
	in <- "a"
	go buffered(in, out, done)
	<-out
	close(done)
	stopped := make(chan struct{})
	close(stopped)
	leftByLabel(nil, stopped)
	leftByFlag(nil, stopped)
	closed := make(chan string)
	close(closed)
	endedByClose(closed)
	tryEnter(make(chan struct{}))
	ctx, cancel := context.WithCancel(context.Background())
	onlyDone(ctx, func() {})
	cancel()
	withSlots([]string{"a", "b", "c", "d", "e", "f"}, func(string) {})
	woken(make(chan struct{}, 1))
	ab, ba := make(chan string), make(chan string)
	go exchanged("a", ab, ba, true)
	exchanged("b", ba, ab, false)
	all([]func() int{func() int { return 1 }, func() int { return 2 }})
	for number := range numbers(1) {
		if number == 3 {
			break
		}
	}
}
