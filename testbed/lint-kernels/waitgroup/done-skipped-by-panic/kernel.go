// Package kernel runs plug-ins; one that panics is recovered from and never counted as done.
package kernel

import (
	"fmt"
	"sync"
)

type plugin func() error

func runAll(plugins []plugin) []error {
	var running sync.WaitGroup
	failed := make([]error, len(plugins))
	for at, run := range plugins {
		running.Add(1) // via
		go func() {
			failed[at] = safely(func() error {
				err := run()
				running.Done() // want LK006
				return err
			})
		}()
	}
	running.Wait() // via; stuck
	return failed
}

func safely(run plugin) (err error) {
	defer func() {
		if reason := recover(); reason != nil { // via
			err = fmt.Errorf("plug-in: %v", reason)
		}
	}()
	return run()
}
