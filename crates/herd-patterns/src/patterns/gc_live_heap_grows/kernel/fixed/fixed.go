// Package fixed forgets sessions a second after they were opened.
package fixed

import (
	"fmt"
	"sync"
	"time"
)

const keptFor = time.Second

type session struct {
	opened time.Time
	basket [2 << 10]byte
}

type registry struct {
	mu       sync.Mutex
	sessions map[string]*session
	opened   int
	swept    time.Time
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
	r.sweep(time.Now())
	r.opened++
	r.sessions[fmt.Sprint("session ", r.opened)] = &session{opened: time.Now()}
}

func (r *registry) sweep(now time.Time) {
	if now.Sub(r.swept) < keptFor/10 {
		return
	}
	r.swept = now
	for id, s := range r.sessions {
		if now.Sub(s.opened) > keptFor {
			delete(r.sessions, id)
		}
	}
}

func render() int {
	page := ""
	for line := 0; line < 40; line++ {
		page += fmt.Sprintln("line", line)
	}
	return len(page)
}
