// Package fixed copies documents between folders and locks the folder with the lower number first.
package fixed

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
	first, second := from, to
	if second.id < first.id {
		first, second = second, first
	}
	first.mu.Lock()
	defer first.mu.Unlock()
	second.mu.Lock()
	defer second.mu.Unlock()
	encrypted := encrypt(from.documents)
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
