// Package fixed runs plug-ins; one that panics is recovered from and counted all the same.
package fixed

import (
	"fmt"
	"sync"
)

type plugin func() error

func runAll(plugins []plugin) []error {
	var running sync.WaitGroup
	failed := make([]error, len(plugins))
	for at, run := range plugins {
		running.Add(1)
		go func() {
			defer running.Done()
			failed[at] = safely(run)
		}()
	}
	running.Wait()
	return failed
}

func safely(run plugin) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("plug-in: %v", reason)
		}
	}()
	return run()
}
