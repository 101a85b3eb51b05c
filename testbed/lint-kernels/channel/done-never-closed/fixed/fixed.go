// Package fixed watches a directory until the watcher is closed.
package fixed

type watcher struct {
	changes chan string
	done    chan struct{}
	seen    []string
	open    bool
}

func watch() *watcher {
	w := &watcher{changes: make(chan string), done: make(chan struct{}), open: true}
	go w.loop()
	return w
}

func (w *watcher) loop() {
	for {
		select {
		case path := <-w.changes:
			w.seen = append(w.seen, path)
		case <-w.done:
			return
		}
	}
}

func (w *watcher) close() {
	if w.open {
		w.open = false
		close(w.done)
	}
}
