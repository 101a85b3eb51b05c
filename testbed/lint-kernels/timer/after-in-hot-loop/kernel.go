// Package kernel flushes a batch when it is full or a second old; each event makes a timer, and a steady trickle never flushes.
//
// Not run: nothing hangs; events wait for as long as others keep coming.
package kernel

import "time"

type batcher struct {
	events chan string
	flush  func([]string)
	size   int
}

func (b *batcher) run(done <-chan struct{}) {
	var batch []string
	for {
		select {
		case event := <-b.events:
			batch = append(batch, event)
			if len(batch) == b.size {
				b.flush(batch)
				batch = nil
			}
		case <-time.After(time.Second): // want LK007
			b.flush(batch)
			batch = nil
		case <-done:
			return
		}
	}
}

func newBatcher(size int, flush func([]string)) *batcher {
	return &batcher{events: make(chan string), flush: flush, size: size}
}
