// Package timers has timers and pauses that need no more care than they get, with Go 1.23 and later.
package timers

import (
	"context"
	"errors"
	"time"
)

// untilReady needs no Stop: a ticker that nobody can reach is collected since Go 1.23.
func untilReady(ctx context.Context, ready func() bool) error {
	ticks := time.NewTicker(10 * time.Millisecond)
	for {
		select {
		case <-ticks.C:
			if ready() {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// everySecond ticks as long as its context lasts, from time.Tick.
func everySecond(ctx context.Context, report func()) {
	for tick := time.Tick(time.Second); ; {
		select {
		case <-tick:
			report()
		case <-ctx.Done():
			return
		}
	}
}

// reset needs no draining since Go 1.23: no old tick can be left in the channel.
func reset(beats <-chan struct{}, quiet time.Duration) {
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	for {
		select {
		case _, ok := <-beats:
			if !ok {
				return
			}
			timer.Stop()
			timer.Reset(quiet)
		case <-timer.C:
			return
		}
	}
}

// retried pauses between tries, and no longer than its context lasts.
func retried(ctx context.Context, try func(context.Context) error) error {
	pause := 10 * time.Millisecond
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, time.Second)
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// thrice sleeps, twice at most, for a moment.
func thrice(try func() error) error {
	var err error
	for attempt := range 3 {
		if attempt > 0 {
			time.Sleep(time.Millisecond)
		}
		if err = try(); err == nil {
			return nil
		}
	}
	return err
}

// cache stops its ticker where it is closed.
type cache struct {
	ticks *time.Ticker
	quit  chan struct{}
	ended chan struct{}
	sweep func()
}

func newCache(every time.Duration, sweep func()) *cache {
	c := &cache{ticks: time.NewTicker(every), quit: make(chan struct{}), ended: make(chan struct{}), sweep: sweep}
	go c.run()
	return c
}

func (c *cache) run() {
	defer close(c.ended)
	for {
		select {
		case <-c.ticks.C:
			c.sweep()
		case <-c.quit:
			return
		}
	}
}

func (c *cache) close() {
	c.ticks.Stop()
	close(c.quit)
	<-c.ended
}

// delayed gives its timer to the caller.
func delayed(pause time.Duration, do func()) (stop func() bool) {
	return time.AfterFunc(pause, do).Stop
}

// once waits one time, outside any loop.
func once(answers <-chan string, limit time.Duration) (string, bool) {
	select {
	case answer := <-answers:
		return answer, true
	case <-time.After(limit):
		return "", false
	}
}

// paced sleeps between the items of a list that has an end.
func paced(ctx context.Context, items []string, send func(string) error) error {
	for _, item := range items {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := send(item); err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}
