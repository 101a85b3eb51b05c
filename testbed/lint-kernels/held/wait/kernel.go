// Package kernel sums the shards of a table; each worker adds its part under the lock that the waiting function holds.
package kernel

import "sync"

type table struct {
	mu     sync.Mutex
	shards [][]int
	sum    int
}

func (t *table) total() int {
	var workers sync.WaitGroup
	t.mu.Lock() // via
	defer t.mu.Unlock()
	t.sum = 0
	for _, shard := range t.shards {
		workers.Add(1)
		go func() {
			defer workers.Done()
			t.add(shard) // stuck
		}()
	}
	workers.Wait() // want DL003|LK006; stuck
	return t.sum
}

func (t *table) add(shard []int) {
	part := 0
	for _, value := range shard {
		part += value
	}
	t.mu.Lock() // via; stuck
	t.sum += part
	t.mu.Unlock()
}
