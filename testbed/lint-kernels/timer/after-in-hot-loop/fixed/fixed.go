// Package fixed flushes a batch when it is full or a second old; one timer is set anew for each batch.
package fixed

import "time"

type batcher struct {
	events chan string
	flush  func([]string)
	size   int
}

func (b *batcher) run(done <-chan struct{}) {
	var batch []string
	age := time.NewTicker(time.Second)
	defer age.Stop()
	for {
		select {
		case event := <-b.events:
			batch = append(batch, event)
			if len(batch) == b.size {
				b.flush(batch)
				batch = nil
			}
		case <-age.C:
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
