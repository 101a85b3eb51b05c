// Package kernel watches a directory; closing the watcher forgets to end its goroutine.
package kernel

type watcher struct {
	changes chan string
	done    chan struct{}
	seen    []string
	open    bool
}

func watch() *watcher {
	w := &watcher{changes: make(chan string), done: make(chan struct{}), open: true}
	go w.loop() // via
	return w
}

func (w *watcher) loop() {
	for {
		select { // via; stuck
		case path := <-w.changes:
			w.seen = append(w.seen, path)
		case <-w.done: // want LK004|LK002
			return
		}
	}
}

func (w *watcher) close() {
	w.open = false // via
}
