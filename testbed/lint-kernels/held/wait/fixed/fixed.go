// Package fixed sums the shards of a table; the lock is taken after the workers are done.
package fixed

import "sync"

type table struct {
	mu     sync.Mutex
	shards [][]int
	sum    int
}

func (t *table) total() int {
	var workers sync.WaitGroup
	t.mu.Lock()
	t.sum = 0
	t.mu.Unlock()
	for _, shard := range t.shards {
		workers.Add(1)
		go func() {
			defer workers.Done()
			t.add(shard)
		}()
	}
	workers.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sum
}

func (t *table) add(shard []int) {
	part := 0
	for _, value := range shard {
		part += value
	}
	t.mu.Lock()
	t.sum += part
	t.mu.Unlock()
}
