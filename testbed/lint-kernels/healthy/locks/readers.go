package locks

import "sync"

type directory struct {
	mu      sync.RWMutex
	entries map[string]string
	hits    sync.Mutex
	count   int
}

// lookup asks for reading first, then for writing, and looks again.
func (d *directory) lookup(name string, resolve func(string) string) string {
	d.mu.RLock()
	address, ok := d.entries[name]
	d.mu.RUnlock()
	if ok {
		return address
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if address, ok = d.entries[name]; !ok {
		address = resolve(name)
		d.entries[name] = address
	}
	return address
}

// names calls a function that expects the lock held.
func (d *directory) names() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.namesLocked()
}

func (d *directory) namesLocked() []string {
	var names []string
	for name := range d.entries {
		names = append(names, name)
	}
	return names
}

// counted takes another lock below the read lock, never the other way round.
func (d *directory) counted(name string) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	d.hits.Lock()
	d.count++
	d.hits.Unlock()
	return d.entries[name]
}

// merge reads one directory and writes another.
func (d *directory) merge(other map[string]string) {
	for name, address := range other {
		d.mu.Lock()
		d.entries[name] = address
		d.mu.Unlock()
	}
}

// inBackground starts, with the lock held, a goroutine that takes it: it waits its turn.
func (d *directory) inBackground(done chan<- int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	go func() { done <- len(d.names()) }()
	d.entries["self"] = "127.0.0.1"
}

// registered keeps, under the lock, a function that takes it: it is called later.
func (d *directory) registered(later *[]func() []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*later = append(*later, d.names)
}

// parent and child are of one type, and are two locks.
type scope struct {
	mu     sync.RWMutex
	parent *scope
	names  map[string]int
}

func (s *scope) find(name string) (int, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if value, ok := s.names[name]; ok || s.parent == nil {
		return value, ok
	}
	return s.parent.find(name)
}

// told tells through an interface, whose implementations here have locks of their own.
type listener interface{ changed(name string) }

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) changed(string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
}

func (d *directory) rename(from, to string, listeners []listener) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries[to] = d.entries[from]
	delete(d.entries, from)
	for _, l := range listeners {
		l.changed(to)
	}
}
