package locks

import (
	"sync"
	"time"
)

// Run calls what the package has, and returns when all of it is done.
func Run() {
	runPaths()
	runHanded()
	runOrder()
	runReaders()
	runWaits()
	runShapes()
}

func runPaths() {
	s := new(store)
	s.add("a")
	s.set("a", 2)
	s.guarded(true, "a")
	s.guarded(false, "a")
	s.guardedByDefer(true, "a")
	s.tried("a")
	s.triedOrWaited("a", func() {})
	s.waitForOthers()
	s.releasedInClosure("a")
	s.everyArm("get", "a")
	s.everyArm("add", "a")
	s.everyRound([]string{"a", "b"})
	s.slowly("c", func(string) int { return 3 })
	s.compute("d", func() int { return s.guarded(true, "a") })
	func() {
		defer func() { _ = recover() }()
		s.lockedPanic("z")
	}()
	s.inRounds([]string{"a", "b"})
	s.firstOf([]*store{s, {rows: map[string]int{}}}, "a")
	s.closed = true
	s.set("a", 3)
	s.everyRound([]string{"a"})
	s.releasedInClosure("a")
	s.everyArm("get", "a")
	s.add("a")
	countTwice(new(cell[int]), new(cell[int]))
}

func runHanded() {
	r := &rebuild{pending: make(chan func(), 1)}
	r.start(func() {})
	r.startNamed(func() {})
	r.later()
	close(r.pending)
	r.settle()
	r.afterwards(time.Millisecond)
	r.ticket().close()
	for range r.iterate {
		break
	}
	// The goroutines and the timer above have the lock to give back.
	r.mu.Lock()
	r.mu.Unlock()
}

func runOrder() {
	a, b := &account{id: 1}, &account{id: 2}
	left, right := new(slot), new(slot)
	move := func(a, b *slot) { a.n, b.n = b.n, a.n }
	g := new(gated)
	var both sync.WaitGroup
	for range 100 {
		both.Go(func() { transfer(a, b, 1) })
		both.Go(func() { transfer(b, a, 1) })
		both.Go(func() { byAddress(left, right, move) })
		both.Go(func() { byAddress(right, left, move) })
		both.Go(func() { inTurn(b, a) })
		both.Go(g.leftToRight)
		both.Go(g.rightToLeft)
	}
	both.Wait()
	(&folder{files: 1, children: []*folder{{files: 2}, {files: 3}}}).count()
	s := new(stripes)
	s.add("a")
	s.total()
	(&link{next: &link{value: 1}}).last()
}

func runReaders() {
	d := &directory{entries: map[string]string{}}
	d.lookup("a", func(string) string { return "10.0.0.1" })
	d.names()
	d.counted("a")
	d.merge(map[string]string{"b": "10.0.0.2"})
	done := make(chan int, 1)
	d.inBackground(done)
	<-done
	var later []func() []string
	d.registered(&later)
	later[0]()
	(&scope{parent: &scope{names: map[string]int{"a": 1}}}).find("a")
	d.rename("a", "c", []listener{new(counter)})
}

func runShapes() {
	l := new(ledger)
	l.apply(1, false)
	l.applyAll([]int{1, 2})
	l.audit(true)
	l.audit(false)
	l.settle(1)
	l.settle(100)
	l.note("audit")
	l.guarded(func(int) int { panic("broken") })
	l.guarded(func(cents int) int { return cents + 1 })
	swap(l, new(ledger))
	l.deferredFirst(func(int) {})
	new(optional).add()
	(&optional{mu: new(sync.Mutex)}).add()
	g := newGate()
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		g.pass()
	}()
	g.release()
	<-passed
	(&directory{entries: map[string]string{}}).both("a", "b")
}

func runWaits() {
	m := newMailbox()
	taken := make(chan bool)
	go func() {
		_, ok := m.take()
		taken <- ok
	}()
	m.put("a")
	<-taken
	m.notify("b")
	m.notify("c")
	for range m.snapshot() {
	}
	m.open(func(string) {})
	m.close()
}
