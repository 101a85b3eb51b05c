// Package fixed indexes documents; whatever a document holds, its indexer says that it is done.
package fixed

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
	indexers.Add(len(documents))
	for _, document := range documents {
		go func() {
			defer indexers.Done()
			words := strings.Fields(document)
			if len(words) == 0 {
				return
			}
			x.add(words)
		}()
	}
	indexers.Wait()
}

func (x *index) add(words []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, word := range words {
		x.terms[word]++
	}
}
