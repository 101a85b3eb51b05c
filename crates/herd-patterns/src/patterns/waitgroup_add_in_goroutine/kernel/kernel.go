// Package kernel cleans hotel rooms; a cleaner counts herself when she begins, which may be after the wait.
package kernel

import (
	"sync"
	"sync/atomic"
)

// Run cleans n rooms and returns before some of them are clean.
func Run(n int) {
	clean(make([]string, n), func(string) {})
}

func clean(rooms []string, one func(string)) int64 {
	var cleaners sync.WaitGroup
	var done atomic.Int64
	carts := make(chan struct{}, 4)
	for _, room := range rooms {
		go func(room string) {
			carts <- struct{}{}
			cleaners.Add(1) // want LO005
			defer cleaners.Done()
			one(room)
			done.Add(1)
			<-carts
		}(room)
	}
	cleaners.Wait()
	return done.Load()
}
