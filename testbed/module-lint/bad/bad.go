// Package bad makes mistakes with the locks, groups and Runners of goherd's Go module. Lines marked `want` are told.
package bad

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/goherd/goherd/go/fuse"
	"github.com/goherd/goherd/go/runner"
)

type account struct {
	mu      fuse.Mutex
	balance int
}

// Twice locks what its caller has locked.
func (a *account) Twice() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.add() // want DL001
}

func (a *account) add() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.balance++
}

type bank struct {
	first, second fuse.Mutex
	n             int
}

// One and Other lock in opposite orders.
func (b *bank) One() {
	b.first.Lock()
	defer b.first.Unlock()
	b.second.Lock()
	defer b.second.Unlock()
	b.n++
}

func (b *bank) Other() {
	b.second.Lock()
	defer b.second.Unlock()
	b.first.Lock() // want DL002
	defer b.first.Unlock()
	b.n--
}

// Across sends with the lock held, and whoever receives needs it.
func (a *account) Across(n int) {
	results := make(chan int)
	go func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.balance += <-results
	}()
	a.mu.Lock()
	results <- n // want DL003
	a.mu.Unlock()
}

type table struct {
	mu   fuse.RWMutex
	rows map[string]int
}

// Sum reads again what it reads.
func (t *table) Sum() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.get("x") // want DL004
}

func (t *table) get(key string) int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rows[key]
}

// Put is the writer that comes between.
func (t *table) Put(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[key]++
}

var errPoor = errors.New("poor")

// Withdraw forgets the unlock.
func (a *account) Withdraw(n int) error {
	a.mu.Lock() // want DL006
	if a.balance < n {
		return errPoor
	}
	a.balance -= n
	a.mu.Unlock()
	return nil
}

// Copy copies the lock.
func Copy(a *account) int {
	b := *a // want LO001
	return b.balance
}

// Unlocked unlocks what is not locked.
func Unlocked(a *account) {
	a.mu.Lock()
	a.balance++
	a.mu.Unlock()
	a.mu.Unlock() // want LO004
}

// Counted adds in the goroutine.
func Counted(jobs []int) {
	var wg fuse.WaitGroup
	for range jobs {
		go func() {
			wg.Add(1) // want LO005
			defer wg.Done()
			time.Sleep(time.Millisecond)
		}()
	}
	wg.Wait()
}

// Skipped does not call Done where it fails.
func Skipped(jobs []int, do func(int) error) {
	var wg sync.WaitGroup
	for _, job := range jobs {
		wg.Add(1)
		go func() {
			if err := do(job); err != nil {
				return
			}
			wg.Done() // want LK006
		}()
	}
	wg.Wait()
}

// SkippedToo is the same with the module's group.
func SkippedToo(jobs []int, do func(int) error) {
	var wg fuse.WaitGroup
	for _, job := range jobs {
		wg.Add(1)
		go func() {
			if err := do(job); err != nil {
				return
			}
			wg.Done() // want LK006
		}()
	}
	wg.Wait()
}

// Fails ends the goroutine and not the test.
func Fails(t *testing.T) {
	r := runner.New(context.Background(), "fails")
	r.Go("task", func(context.Context) error {
		t.Fatal("no") // want LO006
		return nil
	})
	_ = r.Wait()
}

type gate struct {
	mu     fuse.Mutex
	opened *fuse.Cond
	open   bool
}

// newGate makes a gate for everyone who waits at it; release wakes one of them.
func newGate() *gate {
	g := new(gate)
	g.opened = fuse.NewCond(&g.mu)
	return g
}

func (g *gate) pass() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.open {
		g.opened.Wait()
	}
}

func (g *gate) release() {
	g.mu.Lock()
	g.open = true
	g.mu.Unlock()
	g.opened.Signal() // want LK010
}
