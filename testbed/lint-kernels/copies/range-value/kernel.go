// Package kernel adds to copies of the shards of a counter, each with a copy of its lock.
//
// Not run: nothing hangs, counts get lost.
package kernel

import "sync"

type shard struct {
	mu    sync.Mutex
	count map[string]int
	total int
}

type sharded struct {
	shards []shard
}

func (s *sharded) addAll(key string) {
	for _, sh := range s.shards { // want LO001
		sh.mu.Lock()
		sh.count[key]++
		sh.total++ // via
		sh.mu.Unlock()
	}
}

func (s *sharded) total() int {
	total := 0
	for at := range s.shards {
		s.shards[at].mu.Lock()
		total += s.shards[at].total
		s.shards[at].mu.Unlock()
	}
	return total
}
