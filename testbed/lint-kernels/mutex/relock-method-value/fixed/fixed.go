// Package fixed runs hooks when a job changes; the hooks are called without the lock.
package fixed

import "sync"

type tracker struct {
	mu    sync.Mutex
	jobs  map[string]string
	hooks []func(job string)
	done  int
}

func newTracker() *tracker {
	t := &tracker{jobs: map[string]string{}}
	t.hooks = append(t.hooks, t.countDone)
	return t
}

func (t *tracker) set(job, state string) {
	t.mu.Lock()
	t.jobs[job] = state
	t.mu.Unlock()
	for _, hook := range t.hooks {
		hook(job)
	}
}

func (t *tracker) countDone(job string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.jobs[job] == "done" {
		t.done++
	}
}
