// Command fuse-reports gets a fuse to write the report of one trouble.
//
//	go run . TROUBLE FOLDER
//
// Lines marked `want` are where goroutines wait for the lock, by the id of what is wrong; `holds` marks where the holder stands.
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

type cache struct {
	mu   fuse.RWMutex
	rows map[string]int
}

// crossed: two transfers in opposite directions.
func crossed(watched bool) {
	var alice, bob account
	if watched {
		alice.mu.Watch("alice")
		bob.mu.Watch("bob")
	}
	var both sync.WaitGroup
	both.Add(2)
	go transfer(&alice, &bob, &both)
	go transfer(&bob, &alice, &both)
}

func transfer(from, to *account, both *sync.WaitGroup) {
	from.mu.Lock()
	defer from.mu.Unlock()
	both.Done()
	both.Wait()
	to.mu.Lock() // want DL002
	defer to.mu.Unlock()
	from.balance--
	to.balance++
}

// twice: a method that locks is called by one that has locked.
func twice() {
	a := &account{}
	a.mu.Watch("account")
	go a.settle()
}

func (a *account) settle() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.add(1)
}

//go:noinline
func (a *account) add(n int) {
	a.mu.Lock() // want DL001
	defer a.mu.Unlock()
	a.balance += n
}

// channel: whoever holds the lock waits for an answer that never comes.
func channel() {
	a := &account{}
	a.mu.Watch("account")
	answers := make(chan int)
	go a.ask(answers)
	time.Sleep(50 * time.Millisecond)
	for range 3 {
		go a.show()
	}
}

func (a *account) ask(answers chan int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.balance = <-answers // holds
}

func (a *account) show() {
	a.mu.Lock() // want DL003
	defer a.mu.Unlock()
	fmt.Println(a.balance)
}

// left: an early return forgets the unlock.
func left() {
	a := &account{}
	a.mu.Watch("account")
	go a.withdraw(7)
	time.Sleep(50 * time.Millisecond)
	go a.pay()
}

func (a *account) withdraw(n int) {
	a.mu.Lock()
	if a.balance < n {
		return
	}
	a.balance -= n
	a.mu.Unlock()
}

func (a *account) pay() {
	a.mu.Lock() // want DL006
	defer a.mu.Unlock()
	a.balance++
}

// again: a reader reads again behind a writer.
func again() {
	c := &cache{rows: map[string]int{}}
	c.mu.Watch("cache")
	go c.sum()
	time.Sleep(20 * time.Millisecond)
	go c.put("x")
}

func (c *cache) sum() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	time.Sleep(200 * time.Millisecond)
	return c.get("x") + c.get("y")
}

//go:noinline
func (c *cache) get(key string) int {
	c.mu.RLock() // want DL004
	defer c.mu.RUnlock()
	return c.rows[key]
}

func (c *cache) put(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows[key]++
}

// slow: whoever holds the lock computes; it lets go in time.
func slow() {
	a := &account{}
	a.mu.Watch("account")
	go func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		for began := time.Now(); time.Since(began) < 20*time.Second; {
			a.balance++
		}
	}()
	time.Sleep(50 * time.Millisecond)
	go a.pay()
}

func main() {
	troubles := map[string]func(){
		"crossed": func() { crossed(true) }, "unwatched": func() { crossed(false) },
		"twice": twice, "channel": channel, "left": left, "again": again, "slow": slow,
	}
	if len(os.Args) != 3 || troubles[os.Args[1]] == nil {
		log.Fatal("usage: fuse-reports TROUBLE FOLDER")
	}
	written := make(chan string, 1)
	scanner, err := fuse.Start(context.Background(), fuse.Options{
		Limit:   time.Second,
		Dir:     os.Args[2],
		Observe: func(_ context.Context, _ *fuse.Report, file string) { written <- file },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Stop()
	troubles[os.Args[1]]()
	select {
	case file := <-written:
		fmt.Println(file)
	case <-time.After(30 * time.Second):
		log.Fatal("no report came")
	}
}
