// Two transfers in opposite directions deadlock; the scanner says so, with a file, within a second.
//
//	go run ./fuse
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	"github.com/goherd/goherd/go/fuse"
)

type account struct {
	mu      fuse.Mutex
	balance int
}

func transfer(from, to *account, amount int, both *sync.WaitGroup) {
	from.mu.Lock()
	defer from.mu.Unlock()
	both.Done()
	both.Wait() // so that it happens every time
	to.mu.Lock()
	defer to.mu.Unlock()
	from.balance -= amount
	to.balance += amount
}

func main() {
	dir, err := os.MkdirTemp("", "fuse")
	if err != nil {
		log.Fatal(err)
	}
	seen := make(chan struct{})
	scanner, err := fuse.Start(context.Background(), fuse.Options{
		Limit: 500 * time.Millisecond, // 5 s by default
		Dir:   dir,
		Observe: func(_ context.Context, r *fuse.Report, file string) {
			for _, l := range r.Locks {
				fmt.Printf("%s %s: goroutines %v wait, goroutine %d holds it (known: %v)\n",
					l.Kind, l.Name, l.Waiters, l.Holders[0].Goroutine, l.HolderKnown)
			}
			fmt.Println("cycles:", len(r.Cycles), "report:", file)
			close(seen)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Stop()

	var alice, bob account
	alice.mu.Watch("alice")
	bob.mu.Watch("bob")
	var both sync.WaitGroup
	both.Add(2)
	go transfer(&alice, &bob, 10, &both)
	go transfer(&bob, &alice, 20, &both)
	<-seen
}
