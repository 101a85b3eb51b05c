// Package kernel indexes documents; an empty one is skipped together with the word that it is done.
package kernel

import (
	"strings"
	"sync"
)

type index struct {
	mu    sync.Mutex
	terms map[string]int
}

func (x *index) addAll(documents []string) {
	var indexers sync.WaitGroup
	indexers.Add(len(documents)) // via
	for _, document := range documents {
		go func() {
			words := strings.Fields(document)
			if len(words) == 0 {
				return // want LK006
			}
			x.add(words)
			indexers.Done()
		}()
	}
	indexers.Wait() // via; stuck
}

func (x *index) add(words []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, word := range words {
		x.terms[word]++
	}
}
