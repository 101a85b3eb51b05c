// Package fixed migrates tables in parallel and waits after the loop.
package fixed

import (
	"sync"
	"sync/atomic"
)

type migration struct {
	tables  []string
	running sync.WaitGroup
	moved   atomic.Int64
}

func (m *migration) run() int64 {
	m.running.Add(len(m.tables))
	for _, table := range m.tables {
		go m.move(table)
	}
	m.running.Wait()
	return m.moved.Load()
}

func (m *migration) move(table string) {
	defer m.running.Done()
	if table != "" {
		m.moved.Add(1)
	}
}
