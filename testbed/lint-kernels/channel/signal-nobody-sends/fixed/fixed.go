// Package fixed starts a replica and waits until it is ready or has failed.
package fixed

type replica struct {
	ready chan struct{}
	sync  func() error
	state string
}

func (r *replica) start() {
	defer close(r.ready)
	if err := r.sync(); err != nil {
		r.state = "failed: " + err.Error()
		return
	}
	r.state = "serving"
}

func launch(sync func() error) *replica {
	r := &replica{ready: make(chan struct{}), sync: sync}
	go r.start()
	<-r.ready
	return r
}
