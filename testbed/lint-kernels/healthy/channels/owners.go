package channels

import "sync"

// feed is closed once, by its owner, who waits for its goroutine.
type feed struct {
	updates chan string
	quit    chan struct{}
	ended   chan struct{}
	once    sync.Once
	last    string
}

func newFeed() *feed {
	f := &feed{updates: make(chan string), quit: make(chan struct{}), ended: make(chan struct{})}
	go f.loop()
	return f
}

func (f *feed) loop() {
	defer close(f.ended)
	for {
		select {
		case f.last = <-f.updates:
		case <-f.quit:
			return
		}
	}
}

func (f *feed) push(update string) bool {
	select {
	case f.updates <- update:
		return true
	case <-f.quit:
		return false
	}
}

func (f *feed) close() {
	f.once.Do(func() { close(f.quit) })
	<-f.ended
}

// pool starts its workers in one method and ends them in another.
type pool struct {
	jobs    chan func()
	workers sync.WaitGroup
}

func newPool(workers int) *pool {
	p := &pool{jobs: make(chan func())}
	p.workers.Add(workers)
	for range workers {
		go p.work()
	}
	return p
}

func (p *pool) work() {
	defer p.workers.Done()
	for job := range p.jobs {
		job()
	}
}

func (p *pool) submit(job func()) {
	p.jobs <- job
}

func (p *pool) close() {
	close(p.jobs)
	p.workers.Wait()
}

// topic drops what a slow subscriber has no room for.
type topic struct {
	mu          sync.Mutex
	closed      bool
	subscribers []chan string
}

func (t *topic) subscribe() <-chan string {
	t.mu.Lock()
	defer t.mu.Unlock()
	messages := make(chan string, 8)
	if t.closed {
		close(messages)
		return messages
	}
	t.subscribers = append(t.subscribers, messages)
	return messages
}

func (t *topic) publish(message string) (dropped int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, messages := range t.subscribers {
		select {
		case messages <- message:
		default:
			dropped++
		}
	}
	return dropped
}

// close closes under the lock under which is sent, and once.
func (t *topic) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.closed = true
	for _, messages := range t.subscribers {
		close(messages)
	}
}

// stages closes each channel where it is written to.
func stages(lines []string, keep func(string) bool) []string {
	raw, kept := make(chan string), make(chan string)
	go produce(lines, raw)
	go filter(raw, kept, keep)
	var all []string
	for line := range kept {
		all = append(all, line)
	}
	return all
}

func produce(lines []string, out chan<- string) {
	defer close(out)
	for _, line := range lines {
		out <- line
	}
}

func filter(in <-chan string, out chan<- string, keep func(string) bool) {
	defer close(out)
	for line := range in {
		if keep(line) {
			out <- line
		}
	}
}

// closeOnce closes under a lock whatever the number of its callers.
type latch struct {
	mu   sync.Mutex
	done chan struct{}
	set  bool
}

func (l *latch) closeOnce() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.set {
		l.set = true
		close(l.done)
	}
}

// reopened makes a new channel for each round and closes the old one.
func (l *latch) reopened() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done != nil && !l.set {
		close(l.done)
	}
	l.set, l.done = false, make(chan struct{})
	return l.done
}
