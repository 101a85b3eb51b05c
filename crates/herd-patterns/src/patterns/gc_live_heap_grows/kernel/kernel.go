// Package kernel remembers every session it ever opened.
package kernel

import (
	"fmt"
	"sync"
	"time"
)

type session struct {
	opened time.Time
	basket [2 << 10]byte
}

type registry struct {
	mu       sync.Mutex
	sessions map[string]*session
	opened   int
}

var shop = &registry{sessions: map[string]*session{}}

// Run starts n clients that open two hundred sessions a second each.
func Run(n int) {
	for client := 0; client < n; client++ {
		go browse()
	}
}

func browse() {
	for range time.Tick(50 * time.Millisecond) {
		for visitor := 0; visitor < 10; visitor++ {
			shop.open()
			render()
		}
	}
}

func (r *registry) open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened++
	r.sessions[fmt.Sprint("session ", r.opened)] = &session{opened: time.Now()} // want GC003
}

func render() int {
	page := ""
	for line := 0; line < 40; line++ {
		page += fmt.Sprintln("line", line)
	}
	return len(page)
}
