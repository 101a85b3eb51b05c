// Package kernel keeps a lease alive from a goroutine that parks itself for ever to keep its deferred function from running.
package kernel

type lease struct {
	name    string
	release func(string)
	expired chan struct{}
}

func hold(name string, release func(string)) *lease {
	l := &lease{name: name, release: release, expired: make(chan struct{})}
	go l.keep()
	return l
}

func (l *lease) keep() {
	defer l.release(l.name)
	select {} // want LK004; stuck
}

func (l *lease) expire() {
	close(l.expired) // via
}
