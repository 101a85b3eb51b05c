// Package fixed scales an album with as many goroutines as can run.
package fixed

import (
	"crypto/sha256"
	"runtime"
	"sync"
	"sync/atomic"
)

const pictures = 300

// Run starts n albums that are scaled over and over.
func Run(n int) {
	for album := 0; album < n; album++ {
		go scaleForEver(album)
	}
}

func scaleForEver(album int) {
	for {
		scaleAlbum(album)
	}
}

func scaleAlbum(album int) {
	var (
		wait sync.WaitGroup
		next atomic.Int64
	)
	for worker := 0; worker < runtime.GOMAXPROCS(0); worker++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for picture := next.Add(1); picture <= pictures; picture = next.Add(1) {
				scale(album, int(picture))
			}
		}()
	}
	wait.Wait()
}

func scale(album, picture int) [sha256.Size]byte {
	sum := sha256.Sum256([]byte{byte(album), byte(picture)})
	for row := 0; row < 20_000; row++ {
		sum = sha256.Sum256(sum[:])
	}
	return sum
}
