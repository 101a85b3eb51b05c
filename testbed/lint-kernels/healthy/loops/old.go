//go:build go1.21

package loops

import "sync"

// copied makes the variable of each round by hand: this file is in Go 1.21, where a loop has one for all.
func copied(names []string, greet func(string)) {
	var greeted sync.WaitGroup
	for _, name := range names {
		name := name
		greeted.Add(1)
		go func() {
			defer greeted.Done()
			greet(name)
		}()
	}
	greeted.Wait()
}

// passed hands the variable over as an argument.
func passed(names []string, greet func(string)) {
	var greeted sync.WaitGroup
	for _, name := range names {
		greeted.Add(1)
		go func(name string) {
			defer greeted.Done()
			greet(name)
		}(name)
	}
	greeted.Wait()
}
