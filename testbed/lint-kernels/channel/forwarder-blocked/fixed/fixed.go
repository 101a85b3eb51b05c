// Package fixed forwards updates to a client and stops when the client has gone.
package fixed

type feed struct {
	updates chan int
	client  chan int
	gone    chan struct{}
}

func newFeed() *feed {
	return &feed{updates: make(chan int, 4), client: make(chan int), gone: make(chan struct{})}
}

func (f *feed) forward() {
	for update := range f.updates {
		select {
		case f.client <- update:
		case <-f.gone:
			return
		}
	}
}

func (f *feed) read(limit int) {
	defer close(f.gone)
	for range limit {
		<-f.client
	}
}

func (f *feed) produce(updates int) {
	defer close(f.updates)
	for update := range updates {
		select {
		case f.updates <- update:
		case <-f.gone:
			return
		}
	}
}
