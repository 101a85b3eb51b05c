// Package kernel runs hooks when a job changes; one of the hooks is a method that takes the lock they are called under.
package kernel

import "sync"

type tracker struct {
	mu    sync.Mutex
	jobs  map[string]string
	hooks []func(job string)
	done  int
}

func newTracker() *tracker {
	t := &tracker{jobs: map[string]string{}}
	t.hooks = append(t.hooks, t.countDone) // via
	return t
}

func (t *tracker) set(job, state string) {
	t.mu.Lock() // via
	defer t.mu.Unlock()
	t.jobs[job] = state
	for _, hook := range t.hooks {
		hook(job) // want DL001; stuck
	}
}

func (t *tracker) countDone(job string) {
	t.mu.Lock() // via; stuck
	defer t.mu.Unlock()
	if t.jobs[job] == "done" {
		t.done++
	}
}
