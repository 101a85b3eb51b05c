// Package kernel waits for a file lock inside the system call, so that each request that waits holds a thread.
package kernel

import (
	"os"
	"sync"
	"syscall"
	"time"
)

var backup struct {
	once sync.Once
	file *os.File
}

// Run starts n clients that save ten times a second each; the first call also starts a backup that does not end.
func Run(n int) {
	backup.once.Do(func() { backup.file = mustLock() })
	for client := 0; client < n; client++ {
		go func() {
			for range time.Tick(100 * time.Millisecond) {
				go save()
			}
		}()
	}
}

func mustLock() *os.File {
	file, err := os.CreateTemp("", "shared-lock")
	if err != nil {
		panic(err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		panic(err)
	}
	return file
}

func save() error {
	file, err := os.Open(backup.file.Name())
	if err != nil {
		return err
	}
	defer file.Close()
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX) // want SC002
}
