// The worker: what a task may ask of it (Go, Join, Call), and the loop that finds and runs tasks.

package pool

import (
	"errors"
	"runtime/debug"
	"sync/atomic"
)

// Worker runs tasks and is the handle by which a task forks others.
type Worker struct {
	pool  *Pool
	index int
	deque deque

	current *frame
	free    []*frame
	halves  []*frame // of Both, in use up to depth
	depth   int
	batch   [batchMax]rootTask
	fetched [batchMax]*frame // as tasks of the deque
	seed    uint32
	since   uint32 // tasks run since the backlog was last looked at
	ran     int64  // not yet published
	exiting bool   // a task called runtime.Goexit: the goroutine unwinds

	wake      chan struct{}
	listed    bool // under parked.mu: sleeping or about to
	joins     bool // under parked.mu: in which list
	searching bool // set by the waker before it wakes, then the worker's own

	done   atomic.Int64
	stolen atomic.Int64
}

// frame is a task with what it has forked. Its worker alone touches it, except for remote and failed, which children stolen by
// others write, and fn, parent and group, which travel with it through the deque.
type frame struct {
	fn     Task
	parent *frame
	group  *Group
	owner  *Worker // who forked it; nil for a submitted task
	called bool    // run by Call, which takes the error itself
	half   bool    // forked by Both, which waits for done, takes err and keeps the frame
	err    error
	done   atomic.Bool

	forks  uint64 // by Go, ever
	forked int64  // and not joined
	local  int64  // children ended on the same worker
	remote atomic.Int64
	failed atomic.Pointer[failure]
}

type failure struct{ err error }

// Go forks a task: another worker may steal it; otherwise it runs on this one, last forked first, when the present task joins or
// ends. When this worker already holds its limit of forked tasks (WithForks), Go runs the task before it returns.
func (w *Worker) Go(task Task) {
	parent := w.current
	f := w.frame(task, parent, nil)
	f.owner = w
	parent.forked++
	parent.forks++
	if !w.deque.push(f) {
		w.run(f)
		return
	}
	w.pool.notifyForked()
}

// Join waits until all tasks forked by the present task have ended and returns the first error among them. While it waits it runs
// other tasks of the pool, so it must not be called with a lock held. A task that returns is joined without being asked.
func (w *Worker) Join() error {
	f := w.current
	w.await(f)
	return w.pool.raise(f.takeFailure())
}

// Call runs a task at once on this worker in a scope of its own: a Join inside it waits only for what it forked itself. It returns
// the task's error after all it forked has ended.
func (w *Worker) Call(task Task) error {
	f := w.frame(task, nil, nil)
	f.called = true
	return w.pool.raise(w.invoke(f))
}

// Both forks first, runs second at once, and returns when both have ended, with all that they forked: with the error of second,
// or of first, or of what they forked. It is the cheapest way to divide work in two (BenchmarkFib). What no other worker takes is
// run as a part of the present task: a Join in it waits for all that the present task has forked, and a panic ends the present
// task. A panic on another worker does so, too, as a *PanicError.
func (w *Worker) Both(first, second Task) error {
	parent := w.current
	forks := parent.forks
	f := w.half()
	f.fn, f.parent = first, parent
	parent.forked++
	pushed := w.deque.push(f)
	if pushed {
		w.pool.notifyForked()
	}
	err := second(w)
	var failed error
	t := f
	if pushed {
		t = w.deque.pop()
	}
	if t != f && !w.takeBack(f, parent, t) {
		failed = w.endedElsewhere(f)
	} else {
		f.fn = nil
		w.depth--
		parent.forked--
		w.count()
		failed = first(w)
	}
	if err == nil {
		err = failed
	}
	if parent.forks != forks {
		w.await(parent)
		if failed := parent.takeFailure(); err == nil {
			err = failed
		}
	}
	return err
}

// half is the frame for what Both forks at the present depth. Both always gives back what it has taken last, so that frames stay
// where they are.
func (w *Worker) half() *frame {
	w.depth++
	if w.depth > len(w.halves) {
		w.halves = append(w.halves, &frame{owner: w, half: true})
	}
	return w.halves[w.depth-1]
}

// abandon gives back the frames of calls of Both that a panic has ended. A thief may not have let go of them yet.
func (w *Worker) abandon(depth int) {
	for ; w.depth > depth; w.depth-- {
		w.halves[w.depth-1] = &frame{owner: w, half: true}
	}
}

// takeBack takes what Both has forked from the deque, or waits for the thief that runs it. What second has forked and not joined
// lies above it; t is what did, or nil.
func (w *Worker) takeBack(f, parent, t *frame) bool {
	for ; t != f; t = w.deque.pop() {
		if t == nil && f.done.Load() {
			w.found()
			return false
		}
		if t == nil {
			t = w.steal()
		}
		if t == nil {
			w.park(parent, f)
			continue
		}
		w.found()
		w.run(t)
	}
	return true
}

// endedElsewhere takes the error of what another worker ran, or this one before Both came to it.
func (w *Worker) endedElsewhere(f *frame) error {
	err := f.err
	f.fn, f.err = nil, nil
	f.done.Store(false)
	w.depth--
	var pe *PanicError
	if errors.As(err, &pe) {
		panic(pe)
	}
	return err
}

// Index is the worker's number, from 0 to the number of workers − 1: a key for data kept per worker. It changes only across
// tasks, but a task run while another joins shares it, so per-worker data must not be left half changed over a Join.
func (w *Worker) Index() int { return w.index }

// loop is a worker's goroutine. It ends when the pool stops and nothing is left for it.
func (w *Worker) loop() {
	defer func() {
		if w.exiting {
			w.exiting, w.current = false, nil
			go w.loop()
			return
		}
		w.publish()
		w.pool.alive.Add(-1)
		w.pool.live.Done()
	}()
	for {
		f := w.next()
		if f == nil {
			f = w.search()
		}
		if f != nil {
			w.found()
			w.run(f)
			continue
		}
		if w.pool.state.Load() != open {
			w.found()
			return
		}
		w.park(nil, nil)
	}
}

// await runs other tasks until everything f has forked has ended.
func (w *Worker) await(f *frame) {
	for !f.joined() {
		t := w.deque.pop()
		if t == nil {
			t = w.steal()
		}
		if t == nil {
			w.park(f, nil)
			continue
		}
		w.found()
		w.run(t)
	}
	w.found()
	if f.forked == 0 {
		return
	}
	f.forked, f.local = 0, 0
	if f.remote.Load() != 0 {
		f.remote.Store(0)
	}
}

func (f *frame) joined() bool { return f.local+f.remote.Load() >= f.forked }

// run carries out a task that was taken from a queue.
func (w *Worker) run(f *frame) {
	w.count()
	if f.parent == nil && w.pool.state.Load() == dropping {
		w.finish(f, ErrClosed)
		return
	}
	_ = w.invoke(f)
}

func (w *Worker) count() {
	w.since++
	if w.ran++; w.ran >= 64 {
		w.publish()
	}
}

// invoke calls the task, waits for what it forked, turns a panic into an error and tells whoever waits. All of the end is
// deferred so that it also happens when the task leaves by runtime.Goexit.
func (w *Worker) invoke(f *frame) (err error) {
	outer, depth := w.current, w.depth
	w.current = f
	returned := false
	defer func() {
		if !returned {
			err = w.unwound(f, recover())
			w.abandon(depth)
		}
		w.current = outer
		w.finish(f, err)
	}()
	err = f.fn(w)
	if f.forked != 0 {
		w.await(f)
	}
	if failed := f.takeFailure(); err == nil {
		err = failed
	}
	returned = true
	return err
}

// unwound makes the error of a task that did not return, after what it forked has ended. Goexit shows as a panic without a value;
// the tasks below it on this goroutine are unwound with it and end with the same error.
func (w *Worker) unwound(f *frame, value any) error {
	err := error(ErrGoexit)
	if value != nil {
		w.pool.panics.Add(1)
		err = asPanicError(value)
	}
	w.await(f)
	f.takeFailure()
	if value == nil {
		w.exiting = true
	}
	return err
}

// asPanicError keeps the first stack when a panic is raised again through several joins.
func asPanicError(value any) *PanicError {
	if err, ok := value.(error); ok {
		var pe *PanicError
		if errors.As(err, &pe) {
			return pe
		}
	}
	return &PanicError{Value: value, Stack: debug.Stack()}
}

// finish reports the end of a task to its parent or group. The parent must not be touched after it has been told.
func (w *Worker) finish(f *frame, err error) {
	parent, group, owner := f.parent, f.group, f.owner
	if f.called {
		w.recycle(f)
		return
	}
	if parent == nil {
		w.recycle(f)
		w.pool.settle(group, err)
		return
	}
	half := f.half
	if half {
		f.err = err
	} else {
		w.recycle(f)
		if err != nil {
			parent.failed.CompareAndSwap(nil, &failure{err})
		}
	}
	if owner == w {
		parent.local++
	} else {
		parent.remote.Add(1)
	}
	if half {
		f.done.Store(true)
	}
	if owner == w {
		return
	}
	if w.pool.parked.joiningN.Load() != 0 {
		owner.signal()
	}
}

func (f *frame) takeFailure() error {
	got := f.failed.Load()
	if got == nil {
		return nil
	}
	f.failed.Store(nil)
	return got.err
}

// frame takes a used frame if there is one.
func (w *Worker) frame(task Task, parent *frame, group *Group) *frame {
	n := len(w.free)
	if n == 0 {
		return &frame{fn: task, parent: parent, group: group}
	}
	f := w.free[n-1]
	w.free = w.free[:n-1]
	f.fn, f.parent, f.group = task, parent, group
	return f
}

// recycle keeps a bounded number of frames; they hold no reference to what the task captured.
func (w *Worker) recycle(f *frame) {
	f.fn, f.parent, f.group, f.owner, f.called = nil, nil, nil, nil, false
	if len(w.free) < 4*batchMax {
		w.free = append(w.free, f)
	}
}

func (w *Worker) publish() {
	w.done.Add(w.ran)
	w.ran = 0
}
