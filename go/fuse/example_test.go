// The main use: locks in the place of package sync's, and one scanner.

package fuse_test

import (
	"context"
	"fmt"
	"time"

	"github.com/goherd/goherd/go/fuse"
)

func Example() {
	tripped := make(chan struct{})
	s, err := fuse.Start(context.Background(), fuse.Options{
		Limit:  50 * time.Millisecond, // 5 s by default
		Logger: quiet,
		Observe: func(_ context.Context, r *fuse.Report, _ string) {
			l := r.Locks[0]
			fmt.Println(l.Name, "has", len(l.Waiters), "waiter; holder known:", l.HolderKnown)
			fmt.Println("held by the waiter itself:", l.Holders[0].Goroutine == l.Waiters[0])
			close(tripped)
		},
	})
	if err != nil {
		panic(err)
	}
	defer s.Stop()

	var accounts fuse.Mutex
	accounts.Watch("accounts")
	go func() {
		accounts.Lock()
		accounts.Lock() // waits for itself
	}()
	<-tripped
	accounts.Unlock()
	// Output:
	// accounts has 1 waiter; holder known: true
	// held by the waiter itself: true
}
