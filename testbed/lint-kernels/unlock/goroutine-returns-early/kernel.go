// Package kernel rebuilds an index in the background; the goroutine that was handed the lock returns early with it.
package kernel

import (
	"strings"
	"sync"
)

type index struct {
	rebuilding sync.Mutex
	mu         sync.RWMutex
	terms      map[string][]int
}

func (x *index) rebuild(documents []string) {
	x.rebuilding.Lock() // via; stuck
	go func() {
		terms := tokenise(documents)
		if len(terms) == 0 {
			return // want DL006
		}
		x.swap(terms)
		x.rebuilding.Unlock()
	}()
}

func (x *index) swap(terms map[string][]int) {
	x.mu.Lock()
	x.terms = terms
	x.mu.Unlock()
}

func tokenise(documents []string) map[string][]int {
	terms := map[string][]int{}
	for at, text := range documents {
		for _, term := range strings.Fields(text) {
			terms[term] = append(terms[term], at)
		}
	}
	return terms
}
