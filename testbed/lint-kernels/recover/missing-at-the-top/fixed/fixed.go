// Package fixed runs jobs in goroutines of their own; a job that panics fails alone.
package fixed

import (
	"errors"
	"fmt"
)

type job struct {
	name string
	run  func(map[string]int)
}

type runner struct {
	results chan error
}

func (r *runner) start(j job) {
	go func() {
		r.results <- safely(j)
	}()
}

func safely(j job) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("job %s: %v", j.name, reason)
		}
	}()
	j.run(nil)
	return nil
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
