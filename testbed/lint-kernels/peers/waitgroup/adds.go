// Package waitgroup shows what go vet's waitgroup reports and what it does not; staticcheck's SA2000 looks at the same.
package waitgroup

import (
	"sync"

	"golang.org/x/sync/errgroup"
)

type loader struct {
	running sync.WaitGroup
	load    func(string)
}

// group embeds its WaitGroup.
type group struct {
	sync.WaitGroup
	load func(string)
}

func firstStatement(keys []string, load func(string)) {
	var running sync.WaitGroup
	for _, key := range keys {
		go func() {
			running.Add(1) // want SA2000 "should call running.Add(1) before starting the goroutine to avoid a race"; waitgroup "WaitGroup.Add called from inside new goroutine"
			defer running.Done()
			load(key)
		}()
	}
	running.Wait()
}

func beforeTheGoroutine(keys []string, load func(string)) {
	var running sync.WaitGroup
	for _, key := range keys {
		running.Add(1)
		go func() {
			defer running.Done()
			load(key)
		}()
	}
	running.Wait()
}

func secondStatement(keys []string, load func(string)) {
	var running sync.WaitGroup
	for _, key := range keys {
		go func() {
			load(key)
			running.Add(1)
			running.Done()
		}()
	}
	running.Wait()
}

func afterDefer(keys []string, load func(string)) {
	var running sync.WaitGroup
	for _, key := range keys {
		go func() {
			defer running.Done()
			running.Add(1)
			load(key)
		}()
	}
	running.Wait()
}

func ofAField(l *loader, keys []string) {
	for _, key := range keys {
		go func() {
			l.running.Add(1) // want SA2000 "should call l.running.Add(1) before starting the goroutine to avoid a race"; waitgroup "WaitGroup.Add called from inside new goroutine"
			defer l.running.Done()
			l.load(key)
		}()
	}
	l.running.Wait()
}

func embedded(g *group, keys []string) {
	for _, key := range keys {
		go func() {
			g.Add(1) // want SA2000 "should call g.Add(1) before starting the goroutine to avoid a race"; waitgroup "WaitGroup.Add called from inside new goroutine"
			defer g.Done()
			g.load(key)
		}()
	}
	g.Wait()
}

func byPointer(running *sync.WaitGroup, load func()) {
	go func() {
		running.Add(1) // want SA2000 "should call running.Add(1) before starting the goroutine to avoid a race"; waitgroup "WaitGroup.Add called from inside new goroutine"
		defer running.Done()
		load()
	}()
}

func byParameter(load func()) {
	var running sync.WaitGroup
	go func(own *sync.WaitGroup) {
		own.Add(1) // want SA2000 "should call own.Add(1) before starting the goroutine to avoid a race"; waitgroup "WaitGroup.Add called from inside new goroutine"
		defer own.Done()
		load()
	}(&running)
	running.Wait()
}

func moreThanOne(keys []string, load func(string)) {
	var running sync.WaitGroup
	go func() {
		running.Add(len(keys)) // want SA2000 "should call running.Add(len(keys)) before starting the goroutine to avoid a race"; waitgroup "WaitGroup.Add called from inside new goroutine"
		for _, key := range keys {
			go func() {
				defer running.Done()
				load(key)
			}()
		}
	}()
	running.Wait()
}

// The function is not written where it starts.
func inNamedFunction(l *loader, keys []string) {
	for _, key := range keys {
		go l.one(key)
	}
	l.running.Wait()
}

func (l *loader) one(key string) {
	l.running.Add(1)
	defer l.running.Done()
	l.load(key)
}

func inVariable(load func()) {
	var running sync.WaitGroup
	work := func() {
		running.Add(1)
		defer running.Done()
		load()
	}
	go work()
	running.Wait()
}

// A goroutine that is itself counted may count those it starts.
func countedAlready(load func()) {
	var running sync.WaitGroup
	running.Add(1)
	go func() {
		running.Add(1) // want SA2000 "should call running.Add(1) before starting the goroutine to avoid a race"; waitgroup "WaitGroup.Add called from inside new goroutine"
		go func() {
			defer running.Done()
			load()
		}()
		running.Done()
	}()
	running.Wait()
}

func nestedGoroutine(load func()) {
	var running sync.WaitGroup
	running.Add(1)
	go func() {
		defer running.Done()
		go func() {
			running.Add(1) // want SA2000 "should call running.Add(1) before starting the goroutine to avoid a race"; waitgroup "WaitGroup.Add called from inside new goroutine"
			defer running.Done()
			load()
		}()
	}()
	running.Wait()
}

func inBlock(load func()) {
	var running sync.WaitGroup
	go func() {
		{
			running.Add(1)
			defer running.Done()
			load()
		}
	}()
	running.Wait()
}

func inErrgroup(load func() error) error {
	var running sync.WaitGroup
	var g errgroup.Group
	g.Go(func() error {
		running.Add(1)
		defer running.Done()
		return load()
	})
	running.Wait()
	return g.Wait()
}

func inWaitGroupGo(load func()) {
	var outer, inner sync.WaitGroup
	outer.Go(func() {
		inner.Add(1)
		defer inner.Done()
		load()
	})
	inner.Wait()
	outer.Wait()
}

func deferredLiteral(load func()) {
	var running sync.WaitGroup
	defer func() {
		running.Add(1)
		go func() {
			defer running.Done()
			load()
		}()
		running.Wait()
	}()
}

// tally has an Add and is no WaitGroup.
type tally struct{ n int }

func (t *tally) Add(n int) { t.n += n }

func anotherAdd(t *tally, load func()) {
	go func() {
		t.Add(1)
		load()
	}()
}
