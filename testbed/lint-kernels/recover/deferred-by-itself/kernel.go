// Package kernel runs a plug-in and defers recover itself, which recovers from nothing.
package kernel

import "sync"

type plugin struct {
	name string
	run  func(input string) string
}

type host struct {
	plugins []plugin
}

func (h *host) handle(input string) []string {
	outputs := make([]string, len(h.plugins))
	var running sync.WaitGroup
	for at, p := range h.plugins {
		running.Add(1)
		go func() {
			defer running.Done()
			defer recover()            // want LO003
			outputs[at] = p.run(input) // via; crash
		}()
	}
	running.Wait()
	return outputs
}
