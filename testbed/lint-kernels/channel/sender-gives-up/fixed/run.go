package fixed

import (
	"errors"
	"sync"
)

// Run asks for n thumbnails of pictures that cannot be read.
func Run(n int) {
	requests := make(chan request)
	go worker(requests, func(string) ([]byte, error) { return nil, errors.New("not a picture") })
	var asked sync.WaitGroup
	for range n {
		asked.Go(func() { thumb(requests, "cat.png") })
	}
	asked.Wait()
	close(requests)
}
