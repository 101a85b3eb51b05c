// Package fixed cleans hotel rooms; each cleaner is counted before she is sent off.
package fixed

import (
	"sync"
	"sync/atomic"
)

// Run cleans n rooms and returns when all of them are clean.
func Run(n int) {
	clean(make([]string, n), func(string) {})
}

func clean(rooms []string, one func(string)) int64 {
	var cleaners sync.WaitGroup
	var done atomic.Int64
	carts := make(chan struct{}, 4)
	for _, room := range rooms {
		cleaners.Add(1)
		go func(room string) {
			carts <- struct{}{}
			defer cleaners.Done()
			one(room)
			done.Add(1)
			<-carts
		}(room)
	}
	cleaners.Wait()
	return done.Load()
}
