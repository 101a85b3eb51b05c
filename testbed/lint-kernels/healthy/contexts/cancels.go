package contexts

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// limited leaves the cancel function to its caller.
func limited(parent context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return context.WithCancel(parent)
	}
	return context.WithTimeout(parent, limit)
}

// limitedIfAsked calls the cancel function where there is one.
func limitedIfAsked(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return ask(ctx)
}

// limitedOrNot starts with a cancel function that does nothing.
func limitedOrNot(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	cancel := func() {}
	if limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	return ask(ctx)
}

// handedToGoroutine leaves the cancel function to the goroutine that uses the context.
func handedToGoroutine(parent context.Context, work func(context.Context)) {
	ctx, cancel := context.WithTimeout(parent, time.Second)
	go func() {
		defer cancel()
		work(ctx)
	}()
}

// cancelledByTimer ends a context some time after the last sign of life.
func cancelledByTimer(parent context.Context, quiet time.Duration, beats <-chan struct{}, work func(context.Context)) {
	ctx, cancel := context.WithCancel(parent)
	idle := time.AfterFunc(quiet, cancel)
	defer idle.Stop()
	go work(ctx)
	for {
		select {
		case <-beats:
			idle.Reset(quiet)
		case <-ctx.Done():
			return
		}
	}
}

// cancelledWithOther ends a context with either of two.
func cancelledWithOther(a, b context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(a)
	defer cancel(nil)
	stop := context.AfterFunc(b, func() { cancel(context.Cause(b)) })
	defer stop()
	return ask(ctx)
}

// watches keeps cancel functions by name until the watch is removed.
type watches struct {
	mu      sync.Mutex
	cancels map[string]context.CancelFunc
}

func (w *watches) add(parent context.Context, name string, watch func(context.Context)) {
	ctx, cancel := context.WithCancel(parent)
	w.mu.Lock()
	defer w.mu.Unlock()
	if old, ok := w.cancels[name]; ok {
		old()
	}
	w.cancels[name] = cancel
	go watch(ctx)
}

func (w *watches) remove(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cancel, ok := w.cancels[name]; ok {
		cancel()
		delete(w.cancels, name)
	}
}

// startAll collects what is to be called at the end.
func startAll(parent context.Context, parts []func(context.Context)) (stop func()) {
	var cancels []context.CancelFunc
	for _, part := range parts {
		ctx, cancel := context.WithCancel(parent)
		cancels = append(cancels, cancel)
		go part(ctx)
	}
	return func() {
		for _, cancel := range cancels {
			cancel()
		}
	}
}

// restarted cancels the run before it starts the next.
func restarted(parent context.Context, changes <-chan string, run func(context.Context, string)) {
	cancel := func() {}
	for change := range changes {
		cancel()
		var ctx context.Context
		ctx, cancel = context.WithCancel(parent)
		go run(ctx, change)
	}
	cancel()
}

// eachWithLimit derives a context in a loop and ends it in the same round.
func eachWithLimit(parent context.Context, names []string, ask func(context.Context, string) error) error {
	for _, name := range names {
		ctx, cancel := context.WithTimeout(parent, time.Second)
		err := ask(ctx, name)
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// eachInFunction defers in a function literal that ends with the round.
func eachInFunction(parent context.Context, names []string, ask func(context.Context, string) error) error {
	for _, name := range names {
		err := func() error {
			ctx, cancel := context.WithTimeout(parent, time.Second)
			defer cancel()
			return ask(ctx, name)
		}()
		if err != nil {
			return err
		}
	}
	return nil
}

// setUpOnce assigns the context in a function literal that runs once.
func setUpOnce(parent context.Context, limit time.Duration, ask func(context.Context) error) error {
	ctx, cancel := parent, context.CancelFunc(func() {})
	setUp := func() {
		ctx, cancel = context.WithTimeout(parent, limit)
	}
	setUp()
	defer func() { cancel() }()
	return ask(ctx)
}
