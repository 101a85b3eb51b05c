// Package kernel starts a replica and waits until it is ready; one that fails never says so.
package kernel

type replica struct {
	ready chan struct{}
	sync  func() error
	state string
}

func (r *replica) start() {
	if err := r.sync(); err != nil {
		r.state = "failed: " + err.Error()
		return // want LK002
	}
	r.state = "serving"
	close(r.ready)
}

func launch(sync func() error) *replica {
	r := &replica{ready: make(chan struct{}), sync: sync}
	go r.start()
	<-r.ready // via; stuck
	return r
}
