// Package fixed asks for a file lock without waiting in the system call, and gives up after a second.
package fixed

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

const patience = time.Second

var errBusy = errors.New("the store is being backed up")

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
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EWOULDBLOCK {
			return err
		}
	}
	return errBusy
}
