// Package fixed keeps a lease alive until it is released.
package fixed

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
	<-l.expired
}

func (l *lease) expire() {
	close(l.expired)
}
