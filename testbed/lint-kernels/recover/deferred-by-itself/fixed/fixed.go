// Package fixed runs a plug-in and recovers in a deferred function.
package fixed

import (
	"fmt"
	"sync"
)

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
			defer func() {
				if reason := recover(); reason != nil {
					outputs[at] = fmt.Sprintf("%s failed: %v", p.name, reason)
				}
			}()
			outputs[at] = p.run(input)
		}()
	}
	running.Wait()
	return outputs
}
