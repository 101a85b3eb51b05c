// Package runner owns goroutines: they are bound to a context, have names, end together, and those that do not
// end can be named with the place where they hang.
//
//	r := runner.New(ctx, "ingest", runner.WithLimit(8))
//	for _, file := range files {
//		r.Go("read", func(ctx context.Context) error { return read(ctx, file) })
//	}
//	report, err := r.WaitTimeout(10 * time.Second)
//
// A task costs one goroutine, its record, and a lock that is held for a few instructions at its start and its
// end; BenchmarkGo shows it, and the tests module compares it with errgroup. Nothing watches a task while it
// runs: the report of WaitTimeout takes one goroutine profile at that time.
//
// Every task wears the labels runner and task, which goherd reads from dumps and from outside. Each distinct
// name is a label set, and so a record of its own in goroutine profiles: let names come from a short list,
// without numbers. The labels of a task are those of the context given to New and these two; what the goroutine
// that called Go wears is not known to it.
//
// Limits: a task that ignores its context cannot be stopped, only named. Errors that the runtime makes fatal, as
// concurrent writes to a map, are no panics and end the process. A task must not Wait for its own Runner.
package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goherd/goherd/go/labels"
)

// Errors of a Runner.
var (
	// ErrEnded is the cause of the context of a Runner whose Wait returned without an error.
	ErrEnded = errors.New("runner ended")
	// ErrGoexit is the error of a task that called runtime.Goexit, as testing.T.FailNow does.
	ErrGoexit = errors.New("task called runtime.Goexit")
	// ErrStuck is the error of WaitTimeout when tasks still run.
	ErrStuck = errors.New("did not stop")
)

var errNoFunction = errors.New("no function")

// maxNames is how many names of tasks have their labels kept; a task with one more has them made anew.
const maxNames = 256

// Runner starts tasks and waits for them. Make it by New. All methods may be called at the same time.
type Runner struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	stop   context.CancelFunc // of the timer of WithTimeout
	name   string
	label  string
	table  *labels.Table
	keep   bool
	slots  chan struct{}

	mu      sync.Mutex
	names   map[string]*named
	first   *task // tasks that run, in the order of their start
	last    *task
	live    int
	waiters int
	closed  bool
	idle    chan struct{} // closed when the last task ends while somebody waits
	err     error
}

// named is what all tasks of one name share.
type named struct {
	name string
	ctx  context.Context
	set  *labels.Set
}

type task struct {
	of         *named
	started    time.Time
	prev, next *task
}

// Option changes a Runner at New.
type Option func(*config)

type config struct {
	limit    int
	timeout  time.Duration
	labels   []string
	table    *labels.Table
	keep     bool
	instance bool
}

// WithLimit bounds how many tasks run at a time: above, Go waits and TryGo refuses. 0 or less is no limit.
func WithLimit(n int) Option { return func(c *config) { c.limit = n } }

// WithTimeout ends the context this long after New, with a cause that wraps context.DeadlineExceeded. 0 or less
// is no timeout.
func WithTimeout(d time.Duration) Option { return func(c *config) { c.timeout = d } }

// WithLabels adds labels, as pairs of key and value, to all tasks. A key without a value is left out.
func WithLabels(kv ...string) Option { return func(c *config) { c.labels = kv[:len(kv)&^1] } }

// WithTable counts tasks in t; the default is the table of the context, if it has one.
func WithTable(t *labels.Table) Option { return func(c *config) { c.table = t } }

// WithKeepGoing lets the other tasks run on when one fails. Wait returns the first error all the same.
func WithKeepGoing() Option { return func(c *config) { c.keep = true } }

// WithInstance adds a number to the label runner, unique in the process: "ingest#17". It is for a program with
// several Runners of one name at a time, whose reports would otherwise show each other's stacks as well (and say
// so). As each number is a label set of its own, it is not for one Runner a request.
func WithInstance() Option { return func(c *config) { c.instance = true } }

var instances atomic.Int64

// New makes a Runner whose tasks get a context below ctx, with its values. A nil ctx is context.Background. The
// name is the value of the label runner. Each Runner must be waited for or cancelled, as it holds on to ctx
// until then.
func New(ctx context.Context, name string, opts ...Option) *Runner {
	if ctx == nil {
		ctx = context.Background()
	}
	var c config
	for _, o := range opts {
		if o != nil {
			o(&c)
		}
	}
	r := &Runner{name: name, label: name, keep: c.keep, table: c.table, stop: func() {}}
	if c.instance {
		r.label = name + "#" + strconv.FormatInt(instances.Add(1), 10)
	}
	if r.table == nil {
		r.table = labels.TableOf(ctx)
	}
	if len(c.labels) > 0 {
		ctx = pprof.WithLabels(ctx, pprof.Labels(c.labels...))
	}
	if c.timeout > 0 {
		cause := fmt.Errorf("runner %s: %w after %v", name, context.DeadlineExceeded, c.timeout)
		ctx, r.stop = context.WithTimeoutCause(ctx, c.timeout, cause)
	}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	if c.limit > 0 {
		r.slots = make(chan struct{}, c.limit)
	}
	return r
}

// Context is the context of the tasks. It ends at the first error, at Cancel, at the timeout, with the context
// given to New, and when Wait returns.
func (r *Runner) Context() context.Context { return r.ctx }

// Go starts fn as a goroutine, waiting for room if there is a limit, and reports whether it was started. It is
// not when Wait has returned, nor when the context has ended, before or while Go waited; in the latter case
// Wait returns the context's error for it, if there is none before. A task may call Go, but with a limit all
// tasks that do so may end up waiting for each other's room: there, use TryGo.
func (r *Runner) Go(name string, fn func(context.Context) error) bool {
	if r.slots != nil {
		select {
		case r.slots <- struct{}{}:
		case <-r.ctx.Done():
			return r.refuse(name)
		}
	}
	return r.start(name, fn)
}

// TryGo is Go without waiting: it refuses when there is no room, which is no error.
func (r *Runner) TryGo(name string, fn func(context.Context) error) bool {
	if r.slots != nil {
		select {
		case r.slots <- struct{}{}:
		default:
			return false
		}
	}
	return r.start(name, fn)
}

// start runs fn when the Runner still takes tasks; the caller has a slot.
func (r *Runner) start(name string, fn func(context.Context) error) bool {
	t := &task{started: time.Now()}
	r.mu.Lock()
	if r.closed || r.ctx.Err() != nil || fn == nil {
		r.mu.Unlock()
		r.release()
		if fn == nil {
			r.fail(name, errNoFunction)
			return false
		}
		return r.refuse(name)
	}
	t.of = r.named(name)
	r.live++
	if t.prev = r.last; r.last == nil {
		r.first = t
	} else {
		r.last.next = t
	}
	r.last = t
	r.mu.Unlock()
	t.of.set.Begin()
	go r.run(t, fn)
	return true
}

// refuse makes the error of Wait what the task would have returned, had it been started and looked at its context:
// nobody who leaves the result of Go alone shall take work for done that was not begun.
func (r *Runner) refuse(name string) bool {
	r.fail(name, fmt.Errorf("not started: %w", r.ctx.Err()))
	return false
}

// named is the shared part of the tasks of a name; r.mu is held.
func (r *Runner) named(name string) *named {
	if n := r.names[name]; n != nil {
		return n
	}
	n := &named{
		name: name,
		ctx:  pprof.WithLabels(r.ctx, pprof.Labels(labels.Runner, r.label, labels.Task, name)),
		set:  r.table.Task(r.name, name),
	}
	if r.names == nil {
		r.names = make(map[string]*named)
	}
	if len(r.names) < maxNames {
		r.names[name] = n
	}
	return n
}

// run is the whole of a task's goroutine. The report knows tasks' own goroutines from their children by this
// function.
func (r *Runner) run(t *task, fn func(context.Context) error) {
	err, returned := error(nil), false
	defer func() {
		if !returned {
			err = ErrGoexit
		}
		r.end(t, err, returned)
	}()
	pprof.SetGoroutineLabels(t.of.ctx)
	err = call(t.of.ctx, fn)
	returned = true
}

// call turns a panic of fn into an error. A runtime.Goexit passes through it and never comes back.
func call(ctx context.Context, fn func(context.Context) error) (err error) {
	done := false
	defer func() {
		if v := recover(); v != nil || !done {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	err = fn(ctx)
	done = true
	return err
}

// end records how a task ended and takes it off the list.
func (r *Runner) end(t *task, err error, returned bool) {
	outcome := labels.Done
	if err != nil {
		outcome = r.outcome(err, returned)
		r.fail(t.of.name, err)
	}
	t.of.set.End(outcome)
	r.release()
	r.mu.Lock()
	if t.prev == nil {
		r.first = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next == nil {
		r.last = t.prev
	} else {
		t.next.prev = t.prev
	}
	if r.live--; r.live == 0 && r.waiters > 0 {
		r.closed = true
		close(r.idle)
		r.idle = nil
	}
	r.mu.Unlock()
}

func (r *Runner) outcome(err error, returned bool) labels.Outcome {
	var panicked *PanicError
	switch {
	case !returned || errors.As(err, &panicked):
		return labels.Panicked
	case r.ctx.Err() != nil && ended(err):
		return labels.Cancelled
	}
	return labels.Failed
}

// fail keeps the first error and cancels the others by it. Once Wait has returned its error stays what it is.
func (r *Runner) fail(name string, err error) {
	e := &TaskError{Runner: r.name, Task: name, Err: err}
	if r.ctx.Err() != nil && ended(err) {
		if cause := context.Cause(r.ctx); cause != err {
			e.Cause = cause
		}
	}
	r.mu.Lock()
	first := r.err == nil && !r.closed
	if first {
		r.err = e
	}
	r.mu.Unlock()
	if first && !r.keep {
		r.cancel(e)
	}
}

// ended tells whether an error is that of a context that ended.
func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (r *Runner) release() {
	if r.slots != nil {
		<-r.slots
	}
}

// Cancel ends the context of all tasks with a cause; nil is context.Canceled. It does not wait.
func (r *Runner) Cancel(cause error) { r.cancel(cause) }

// Wait waits until no task runs, closes the Runner for further ones, ends its context, and returns the first
// error of a task as a *TaskError, nil if all that Go was called for ran and returned nil. Tasks may start others meanwhile. A closed Runner is
// not used again: make another. Wait may be called several times and from several goroutines; all get the same
// error.
func (r *Runner) Wait() error {
	_, err := r.wait(nil)
	return err
}

// wait returns false when expired comes first.
func (r *Runner) wait(expired <-chan time.Time) (bool, error) {
	r.mu.Lock()
	if r.live == 0 {
		r.closed = true
	}
	if r.closed {
		err := r.err
		r.mu.Unlock()
		r.close()
		return true, err
	}
	if r.idle == nil {
		r.idle = make(chan struct{})
	}
	idle := r.idle
	r.waiters++
	r.mu.Unlock()
	in := true
	select {
	case <-idle:
	case <-expired:
		in = false
	}
	r.mu.Lock()
	r.waiters--
	in = in || r.closed
	err := r.err
	r.mu.Unlock()
	if in {
		r.close()
	}
	return in, err
}

func (r *Runner) close() {
	r.cancel(ErrEnded)
	r.stop()
}
