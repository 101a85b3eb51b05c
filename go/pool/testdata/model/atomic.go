// Package atomic has the part of sync/atomic that the deque uses, with a stop before every step and a report of what it saw.
package atomic

// Step stops the running thread until its next step may happen; Saw is told the result of each step. The checker sets both.
var (
	Step = func() {}
	Saw  = func(any) {}
)

type Int64 struct{ v int64 }

// Value is not a step: the checker reads states with it.
func (x *Int64) Value() int64 { return x.v }

func (x *Int64) Load() int64 {
	Step()
	Saw(x.v)
	return x.v
}

func (x *Int64) Store(v int64) {
	Step()
	x.v = v
	Saw(nil)
}

func (x *Int64) CompareAndSwap(old, new int64) bool {
	Step()
	ok := x.v == old
	if ok {
		x.v = new
	}
	Saw(ok)
	return ok
}

type Pointer[T any] struct{ v *T }

func (x *Pointer[T]) Load() *T {
	Step()
	Saw(x.v)
	return x.v
}

func (x *Pointer[T]) Store(v *T) {
	Step()
	x.v = v
	Saw(nil)
}
