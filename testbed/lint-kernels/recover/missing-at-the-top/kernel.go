// Package kernel runs jobs in goroutines of their own; a job that panics ends the process.
package kernel

import "errors"

type job struct {
	name string
	run  func(map[string]int)
}

type runner struct {
	results chan error
}

func (r *runner) start(j job) {
	go func() { // want LO003
		j.run(nil) // via; crash
		r.results <- nil
	}()
}

func (r *runner) all(jobs []job) error {
	for _, j := range jobs {
		r.start(j)
	}
	var failed error
	for range jobs {
		failed = errors.Join(failed, <-r.results)
	}
	return failed
}
