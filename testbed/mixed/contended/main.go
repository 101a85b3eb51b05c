// Contended holds goroutines that take locks from each other as fast as they can, and five that wait for one lock for good.
package main

import (
	"flag"
	"sync"
	"time"

	"example.com/mixed/held"
)

const locks = 10

func take(all []*sync.Mutex, at int) {
	for {
		lock := all[at%len(all)]
		lock.Lock()
		// Whoever finds it taken long enough waits in the table of semaphores.
		time.Sleep(10 * time.Microsecond)
		lock.Unlock()
		at++
	}
}

func waitForGood(lock *sync.Mutex) { lock.Lock() }

func main() {
	loops := flag.Int("loops", 60, "goroutines that take locks")
	stable := flag.Bool("stable", true, "start those that wait for good")
	flag.Parse()
	if *stable {
		lock := new(sync.Mutex)
		lock.Lock()
		for i := 0; i < 5; i++ {
			go waitForGood(lock)
		}
	}
	var all []*sync.Mutex
	for i := 0; i < locks; i++ {
		all = append(all, new(sync.Mutex))
	}
	for i := 0; i < *loops; i++ {
		go take(all, i)
	}
	time.Sleep(100 * time.Millisecond)
	held.Serve()
}
