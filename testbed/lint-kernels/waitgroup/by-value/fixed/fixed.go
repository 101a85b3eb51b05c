// Package fixed resizes pictures; the workers share the group of the function that waits.
package fixed

import "sync"

type picture struct{ width, height int }

func resizeAll(pictures []*picture, width int) {
	var workers sync.WaitGroup
	for _, p := range pictures {
		workers.Add(1)
		go resize(p, width, &workers)
	}
	workers.Wait()
}

func resize(p *picture, width int, workers *sync.WaitGroup) {
	defer workers.Done()
	p.height = p.height * width / p.width
	p.width = width
}
