// Package lazydeadline is context.WithDeadline for requests most of which end
// before anybody has asked whether their deadline has passed: the timer and the
// channel are made by the first who asks.
package lazydeadline

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Context is its parent with a deadline.
type Context struct {
	parent context.Context
	at     time.Time
	// watched: whoever holds the context calls Done when the deadline passes.
	watched bool

	made   atomic.Bool // real is set
	mu     sync.Mutex
	real   context.Context
	cancel context.CancelFunc // of real
	over   atomic.Bool        // Cancel has been called
}

// New is parent with a deadline, which must be sooner than the one that parent
// has. watched says that the caller calls Done when the deadline passes, which
// spares others the timer as long as they only ask for Err.
func New(parent context.Context, at time.Time, watched bool) *Context {
	c := new(Context)
	c.Start(parent, at, watched)
	return c
}

// Start makes a Context that lies in something else what New makes.
func (c *Context) Start(parent context.Context, at time.Time, watched bool) {
	c.parent, c.at, c.watched = parent, at, watched
}

// Deadline is the one given to New.
func (c *Context) Deadline() (time.Time, bool) { return c.at, true }

// At is where the deadline is kept.
func (c *Context) At() *time.Time { return &c.at }

// Done makes the real context.
func (c *Context) Done() <-chan struct{} { return c.make().Done() }

// Err makes the real context, unless its answer is known without.
func (c *Context) Err() error {
	if c.watched && !c.made.Load() && c.parent.Err() == nil && !c.over.Load() {
		return nil
	}
	return c.make().Err()
}

// Value answers as the real context once there is one: by a key of its own the
// context package finds what it cancels. It asks for Done first.
func (c *Context) Value(key any) any {
	if c.made.Load() {
		return c.real.Value(key)
	}
	return c.parent.Value(key)
}

// Cancel ends the context. A context that nobody has waited for ends without
// ever having been made.
func (c *Context) Cancel() {
	c.mu.Lock()
	c.over.Store(true)
	cancel := c.cancel
	c.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

func (c *Context) make() context.Context {
	if c.made.Load() {
		return c.real
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.made.Load():
		return c.real
	case c.over.Load(): // cancelled before its deadline, whatever the time is
		c.real, c.cancel = context.WithCancel(c.parent)
		c.cancel()
	default:
		c.real, c.cancel = context.WithDeadline(c.parent, c.at)
	}
	c.made.Store(true)
	return c.real
}
