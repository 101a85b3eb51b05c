// Package kernel forwards updates to a client; when the client has gone, nobody receives and the source still sends.
package kernel

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
		f.client <- update // want LK001; stuck
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
