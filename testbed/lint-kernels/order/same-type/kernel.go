// Package kernel copies documents between folders and locks them in the order in which they are named.
package kernel

import (
	"runtime"
	"sync"
	"time"
)

type folder struct {
	id        int
	mu        sync.Mutex
	documents map[string]string
}

func newFolder(id int) *folder {
	return &folder{id: id, documents: map[string]string{"readme": "hello"}}
}

func copyAll(from, to *folder) int {
	from.mu.Lock() // via
	defer from.mu.Unlock()
	encrypted := encrypt(from.documents)
	to.mu.Lock() // want DL002; stuck
	defer to.mu.Unlock()
	for name, text := range encrypted {
		to.documents[name] = text
	}
	return len(encrypted)
}

func encrypt(documents map[string]string) map[string]string {
	pause()
	encrypted := map[string]string{}
	for name, text := range documents {
		encrypted[name] = text + "!"
	}
	return encrypted
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
