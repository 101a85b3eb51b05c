// Package kernel starts a goroutine for each picture of an album, all at once.
package kernel

import (
	"crypto/sha256"
	"sync"
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
	var wait sync.WaitGroup
	for picture := 0; picture < pictures; picture++ {
		wait.Add(1)
		go func(picture int) { // want SC001
			defer wait.Done()
			scale(album, picture)
		}(picture)
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
