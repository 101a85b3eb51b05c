// Package kernel resizes pictures; each worker gets a copy of the group and counts down the copy.
package kernel

import "sync"

type picture struct{ width, height int }

func resizeAll(pictures []*picture, width int) {
	var workers sync.WaitGroup
	for _, p := range pictures {
		workers.Add(1)
		go resize(p, width, workers) // via
	}
	workers.Wait() // via; stuck
}

func resize(p *picture, width int, workers sync.WaitGroup) { // want LO001|LK006
	defer workers.Done()
	p.height = p.height * width / p.width
	p.width = width
}
