// A model checker for the deque: it runs small programs of one owner and some thieves through every interleaving of their atomic
// steps and asks of each finished execution whether its answers are those of some sequential order (linearisability).
//
// An execution is repeated from the start for each choice. Two executions that agree in top and bottom, in what every thread has
// seen so far, and in which operations had ended before which began have the same future, because slots and ring are written by
// the owner alone; the second is cut off. Nothing else is left out.
package main

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"

	"model/atomic"
)

type frame struct{ id int }

// program has a string for each thread: the owner's p (push), a (pushAll of two) and o (pop), a thief's s (steal).
type program struct {
	start, limit int64
	threads      []string
}

var programs = []program{
	{1, 4, []string{"po", "s"}},
	{2, 2, []string{"ppoo", "ss"}},
	{1, 4, []string{"pppoo", "s"}},
	{1, 4, []string{"ppoppoo", "s"}},
	{1, 4, []string{"pppo", "ss"}},
	{1, 4, []string{"ppoo", "s", "s"}},
	{1, 2, []string{"pao", "s"}},
	{1, 4, []string{"paoo", "ss"}},
	{2, 4, []string{"ao", "s", "s"}},
}

func main() {
	for _, p := range programs {
		states, finished := explore(p)
		fmt.Printf("%v ring %d to %d: %d states, %d ends\n", p.threads, p.start, p.limit, states, finished)
	}
}

func explore(p program) (states, finished int) {
	seen := map[string]bool{}
	work := [][]int{nil}
	for len(work) > 0 {
		choices := work[len(work)-1]
		work = work[:len(work)-1]
		x := execute(p, choices)
		if key := x.state(); !seen[key] {
			seen[key] = true
			open := x.open()
			for _, i := range open {
				work = append(work, append(slices.Clone(choices), i))
			}
			if len(open) == 0 {
				finished++
				x.judge(choices)
			}
		}
		for _, th := range x.threads {
			th.stop()
		}
	}
	return len(seen), finished
}

// operation is one call as linearisability sees it.
type operation struct {
	thread int
	kind   byte
	answer string // push: ok, full; pushAll: how many; pop, steal: the frame's number, none; steal: lost
	arg    string
	before []int // how many operations of each thread had ended when it began
}

type thread struct {
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	saw   []string
	ended int
	done  bool
}

type execution struct {
	deque   deque
	threads []*thread
	ops     []*operation
	pushed  int
}

// execute repeats a prefix of choices; each choice lets a thread take the step it stands before.
func execute(p program, choices []int) *execution {
	x := &execution{}
	atomic.Step, atomic.Saw = func() {}, func(any) {}
	x.deque.start(p.start, p.limit)
	for i, text := range p.threads {
		th := &thread{}
		th.next, th.stop = iter.Pull(func(yield func(struct{}) bool) {
			th.yield = yield
			x.body(i, text)
		})
		x.threads = append(x.threads, th)
	}
	for i := range x.threads {
		x.resume(i)
	}
	for _, i := range choices {
		x.resume(i)
	}
	return x
}

type cutOff struct{}

func (x *execution) resume(i int) {
	th := x.threads[i]
	atomic.Step = func() {
		if !th.yield(struct{}{}) {
			panic(cutOff{})
		}
	}
	atomic.Saw = func(v any) { th.saw = append(th.saw, name(v)) }
	if _, more := th.next(); !more {
		th.done = true
	}
}

// body runs a thread's calls. An operation begins with its first step, so that it is as short as it can be and the demand on its
// answer as strict: the stop before the first step belongs to the time between two operations.
func (x *execution) body(i int, text string) {
	defer func() {
		if v := recover(); v != nil && v != (cutOff{}) {
			panic(v)
		}
	}()
	th := x.threads[i]
	for _, kind := range []byte(text) {
		op := &operation{thread: i, kind: kind}
		step := atomic.Step
		atomic.Step = func() {
			step()
			op.before = make([]int, len(x.threads))
			for j, other := range x.threads {
				op.before[j] = other.ended
			}
			x.ops = append(x.ops, op)
			// The thread was resumed, and with that Step set, while this one waited.
			atomic.Step = func() {
				if !th.yield(struct{}{}) {
					panic(cutOff{})
				}
			}
		}
		switch kind {
		case 'p':
			x.pushed++
			op.arg = fmt.Sprint(x.pushed)
			op.answer = "ok"
			if !x.deque.push(&frame{id: x.pushed}) {
				op.answer = "full"
			}
		case 'a':
			all := []*frame{{id: x.pushed + 1}, {id: x.pushed + 2}}
			x.pushed += 2
			op.arg = fmt.Sprint(x.pushed-1, " ", x.pushed)
			op.answer = fmt.Sprint(x.deque.pushAll(all))
		case 'o':
			op.answer = name(x.deque.pop())
		case 's':
			f, retry := x.deque.steal()
			op.answer = name(f)
			if retry {
				op.answer = "lost"
			}
		}
		th.ended++
	}
}

func name(v any) string {
	switch v := v.(type) {
	case *frame:
		if v == nil {
			return "none"
		}
		return fmt.Sprint(v.id)
	case *ring:
		return fmt.Sprint("ring", v.mask)
	default:
		return fmt.Sprint(v)
	}
}

func (x *execution) open() (open []int) {
	for i, th := range x.threads {
		if !th.done {
			open = append(open, i)
		}
	}
	return open
}

func (x *execution) state() string {
	var s strings.Builder
	fmt.Fprint(&s, x.deque.top.Value(), x.deque.bottom.Value())
	for _, th := range x.threads {
		fmt.Fprint(&s, "|", strings.Join(th.saw, ","))
	}
	byThread := slices.Clone(x.ops)
	slices.SortStableFunc(byThread, func(a, b *operation) int { return a.thread - b.thread })
	for _, op := range byThread {
		fmt.Fprint(&s, op.before)
	}
	return s.String()
}

// judge ends the program when no sequential order that respects "ended before it began" gives the same answers.
func (x *execution) judge(choices []int) {
	limit := int(x.deque.limit)
	if linear(x.ops, make([]int, len(x.threads)), nil, limit) {
		return
	}
	fmt.Printf("not linearisable, after the steps %v:\n", choices)
	for _, op := range x.ops {
		fmt.Printf("thread %d %c %s = %s, begun after %v\n", op.thread, op.kind, op.arg, op.answer, op.before)
	}
	os.Exit(1)
}

// linear looks for an order: done counts the operations of each thread already placed, held is the sequential deque.
func linear(ops []*operation, done []int, held []string, limit int) bool {
	placed := 0
	for i := range done {
		placed += done[i]
	}
	if placed == len(ops) {
		return true
	}
	for t := range done {
		op := nth(ops, t, done[t])
		if op == nil || mustWait(ops, op, done) {
			continue
		}
		after, ok := apply(op, held, limit)
		if !ok {
			continue
		}
		done[t]++
		if linear(ops, done, after, limit) {
			return true
		}
		done[t]--
	}
	return false
}

func nth(ops []*operation, thread, n int) *operation {
	for _, op := range ops {
		if op.thread == thread {
			if n == 0 {
				return op
			}
			n--
		}
	}
	return nil
}

// mustWait: some operation that had ended before op began is not placed.
func mustWait(ops []*operation, op *operation, done []int) bool {
	for t, n := range op.before {
		if t != op.thread && done[t] < n {
			return true
		}
	}
	return false
}

// apply is the sequential deque. A steal that says it lost the race changes nothing, whenever it is.
func apply(op *operation, held []string, limit int) ([]string, bool) {
	n := len(held)
	switch op.kind {
	case 'a':
		ids := strings.Fields(op.arg)
		n := min(len(ids), limit-len(held))
		return append(slices.Clone(held), ids[:n]...), op.answer == fmt.Sprint(n)
	case 'p':
		if op.answer == "full" {
			return held, n == limit
		}
		return append(slices.Clone(held), op.arg), n < limit
	case 'o':
		if n == 0 {
			return held, op.answer == "none"
		}
		return held[:n-1], op.answer == held[n-1]
	default:
		if op.answer == "lost" {
			return held, true
		}
		if n == 0 {
			return held, op.answer == "none"
		}
		return held[1:], op.answer == held[0]
	}
}
