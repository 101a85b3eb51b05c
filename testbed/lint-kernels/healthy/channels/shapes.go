package channels

import (
	"iter"
	"sync"
	"time"
)

// withLimit has a limit or, with a nil channel, none.
func withLimit(work <-chan int, limit time.Duration) (int, bool) {
	var late <-chan time.Time
	if limit > 0 {
		late = time.After(limit)
	}
	select {
	case value := <-work:
		return value, true
	case <-late:
		return 0, false
	}
}

// background ends with a channel that its owner closes, and says by another that it has ended.
type background struct {
	quit, ended chan struct{}
	work        chan func()
}

func startBackground() *background {
	b := &background{quit: make(chan struct{}), ended: make(chan struct{}), work: make(chan func(), 4)}
	go func() {
		defer close(b.ended)
		for {
			select {
			case job := <-b.work:
				job()
			case <-b.quit:
				return
			}
		}
	}()
	return b
}

func (b *background) close() {
	close(b.quit)
	<-b.ended
}

// batches sends from one goroutine and closes there; the receiver stops early and tells it.
func batches(items []int, size int, stop <-chan struct{}) <-chan []int {
	out := make(chan []int)
	go func() {
		defer close(out)
		for len(items) > 0 {
			n := min(size, len(items))
			select {
			case out <- items[:n]:
				items = items[n:]
			case <-stop:
				return
			}
		}
	}()
	return out
}

// firstBatch tells the sender that it has enough.
func firstBatch(items []int) []int {
	stop := make(chan struct{})
	defer close(stop)
	for batch := range batches(items, 2, stop) {
		return batch
	}
	return nil
}

// spread starts as many workers as it is told and closes their channel when all is handed out.
func spread(items []int, workers int, work func(int)) {
	jobs := make(chan int)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for item := range jobs {
				work(item)
			}
		})
	}
	defer running.Wait()
	defer close(jobs)
	for _, item := range items {
		jobs <- item
	}
}

// pulled stops its iterator.
func pulled(values iter.Seq[int]) (int, bool) {
	next, stop := iter.Pull(values)
	defer stop()
	return next()
}

// acked waits for an answer that the sender cannot forget: it is sent by a deferred function.
func acked(jobs []func()) {
	for _, job := range jobs {
		done := make(chan struct{})
		go func() {
			defer close(done)
			job()
		}()
		<-done
	}
}
