// Package fixed adds to the shards of a counter in place.
package fixed

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
	for at := range s.shards {
		sh := &s.shards[at]
		sh.mu.Lock()
		sh.count[key]++
		sh.total++
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
