// Package copylocks shows what go vet's copylocks reports and what it does not.
package copylocks

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"
)

type counter struct {
	mu sync.Mutex
	n  int
}

// nested has a lock two levels down.
type nested struct {
	name    string
	counter counter
}

type embedded struct {
	sync.RWMutex
	rows map[string]int
}

// pointed has no lock of its own.
type pointed struct {
	mu *sync.Mutex
	n  int
}

// homemade is a lock to vet: Lock and Unlock on its pointer.
type homemade struct{ held bool }

func (h *homemade) Lock()   { h.held = true }
func (h *homemade) Unlock() { h.held = false }

// halfMade has a Lock and no Unlock.
type halfMade struct{ held bool }

func (h *halfMade) Lock() { h.held = true }

// byValue has both on the value, so that a copy is as good.
type byValue struct{}

func (byValue) Lock()   {}
func (byValue) Unlock() {}

func assign(from *counter) int {
	c := *from // want copylocks "assignment copies lock value to c"
	return c.n
}

func assignNested(from *nested) string {
	n := *from // want copylocks "assignment copies lock value to n"
	return n.name
}

func assignVar(from *embedded) int {
	var e = *from // want copylocks "variable declaration copies lock value to e"
	return len(e.rows)
}

func assignField(into, from *nested) {
	into.counter = from.counter // want copylocks "assignment copies lock value to into.counter"
}

func assignBlank(from *counter) {
	_ = *from // want copylocks "assignment copies lock value to _"
}

func assignElement(counters []counter) int {
	first := counters[0] // want copylocks "assignment copies lock value to first"
	return first.n
}

func assignPointed(from *pointed) int {
	p := *from
	return p.n
}

func assignHomemade(from *homemade) bool {
	h := *from // want copylocks "assignment copies lock value to h"
	return h.held
}

func assignHalfMade(from *halfMade) bool {
	h := *from
	return h.held
}

func assignByValue(from *byValue) byValue {
	b := *from
	return b
}

// A literal is new and copies nothing.
func assignLiteral() int {
	c := counter{n: 1}
	return c.n
}

// What a call returns is copied where it was made, not here.
func assignResult() int {
	c := newCounter()
	return c.n
}

func newCounter() counter {
	return counter{}
}

func returned(from *counter) counter {
	return *from // want copylocks "return copies lock value"
}

func returnedVariable() counter {
	var c counter
	c.n = 1
	return c // want copylocks "return copies lock value"
}

func (c counter) value() int { // want copylocks "value passes lock by value"
	return c.n
}

func (c *counter) pointer() int {
	return c.n
}

func parameter(c counter) int { // want copylocks "parameter passes lock by value"
	return c.n
}

func parameterOfLiteral() func(counter) int {
	return func(c counter) int { return c.n } // want copylocks "func passes lock by value"
}

func argument(c *counter) int {
	return parameter(*c) // want copylocks "call of parameter copies lock value"
}

func argumentToInterface(c *counter) string {
	return fmt.Sprint(*c) // want copylocks "call of fmt.Sprint copies lock value"
}

// The size is known without a copy.
func argumentToBuiltin(c *counter, counters [2]*counter) (uintptr, int) {
	return unsafe.Sizeof(*c), len(counters)
}

func literalField(c *counter) *nested {
	return &nested{name: "copy", counter: *c} // want copylocks "literal copies lock value from *c"
}

func literalElement(c *counter) []counter {
	return []counter{*c} // want copylocks "literal copies lock value from *c"
}

func literalMapValue(c *counter) map[string]counter {
	return map[string]counter{"a": *c} // want copylocks "literal copies lock value from *c"
}

func rangeValue(counters []counter) int {
	sum := 0
	for _, c := range counters { // want copylocks "range var c copies lock"
		sum += c.n
	}
	return sum
}

func rangeIndex(counters []counter) int {
	sum := 0
	for at := range counters {
		sum += counters[at].n
	}
	return sum
}

func rangeMap(counters map[string]counter) int {
	sum := 0
	for _, c := range counters { // want copylocks "range var c copies lock"
		sum += c.n
	}
	return sum
}

func rangePointers(counters []*counter) int {
	sum := 0
	for _, c := range counters {
		sum += c.n
	}
	return sum
}

func rangeChannel(counters <-chan counter) int {
	sum := 0
	for c := range counters { // want copylocks "range var c copies lock"
		sum += c.n
	}
	return sum
}

func received(counters <-chan counter) int {
	c := <-counters // want copylocks "assignment copies lock value to c"
	return c.n
}

func sent(counters chan<- counter, c *counter) {
	counters <- *c
}

func array(locks *[2]sync.Mutex) {
	copied := *locks // want copylocks "assignment copies lock value to copied"
	copied[0].Lock()
}

func emptyArray(locks *[0]sync.Mutex) int {
	copied := *locks // want copylocks "assignment copies lock value to copied"
	return len(copied)
}

func literalInLoop() int {
	n := 0
	for at, mu := 0, (sync.Mutex{}); at < 3; at++ { // want copylocks "for loop iteration copies lock value to mu"
		mu.Lock()
		n++
		mu.Unlock()
	}
	return n
}

func capturedByLiteral(c counter) func() int { // want copylocks "capturedByLiteral passes lock by value"
	return func() int { return c.n }
}

func asserted(value any) int {
	c := value.(counter) // want copylocks "assignment copies lock value to c"
	return c.n
}

func waitGroup(workers sync.WaitGroup) { // want copylocks "waitGroup passes lock by value"
	workers.Wait()
}

func once(o sync.Once) { // want copylocks "once passes lock by value"
	o.Do(func() {})
}

func cond(c *sync.Cond) sync.Locker {
	copied := *c // want copylocks "assignment copies lock value to copied"
	return copied.L
}

func pool(p *sync.Pool) any {
	copied := *p // want copylocks "assignment copies lock value to copied"
	return copied.Get()
}

func syncMap(m *sync.Map) int {
	copied := *m // want copylocks "assignment copies lock value to copied"
	n := 0
	copied.Range(func(any, any) bool { n++; return true })
	return n
}

func atomicValue(v *atomic.Int64) int64 {
	copied := *v // want copylocks "assignment copies lock value to copied"
	return copied.Load()
}

func atomicPointer(p *atomic.Pointer[counter]) *counter {
	copied := *p // want copylocks "assignment copies lock value to copied"
	return copied.Load()
}

func locker(l sync.Locker) sync.Locker {
	copied := l
	return copied
}

type box[T any] struct{ value T }

func generic(b *box[sync.Mutex]) {
	copied := *b // want copylocks "assignment copies lock value to copied"
	copied.value.Lock()
}

func genericOfInt(b *box[int]) int {
	copied := *b
	return copied.value
}

func typeParameter[T sync.Mutex | sync.RWMutex](lock T) { // want copylocks "typeParameter passes lock by value"
	_ = lock // want copylocks "assignment copies lock value to _"
}

func typeParameterOfAny[T any](value *T) T {
	copied := *value
	return copied
}

func swapped(a, b *counter) {
	*a, *b = *b, *a // want copylocks "assignment copies lock value to *a"; copylocks "assignment copies lock value to *b"
}
