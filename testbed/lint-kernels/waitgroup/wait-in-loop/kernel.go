// Package kernel migrates tables in parallel and waits inside the loop for all of them.
package kernel

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
	m.running.Add(len(m.tables)) // via
	for _, table := range m.tables {
		go m.move(table)
		m.running.Wait() // want LK006; stuck
	}
	return m.moved.Load()
}

func (m *migration) move(table string) {
	defer m.running.Done()
	if table != "" {
		m.moved.Add(1)
	}
}
