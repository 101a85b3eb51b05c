// Package fixed rebuilds an index in the background; the goroutine unlocks on both ways out.
package fixed

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
	x.rebuilding.Lock()
	go func() {
		defer x.rebuilding.Unlock()
		terms := tokenise(documents)
		if len(terms) == 0 {
			return
		}
		x.swap(terms)
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
