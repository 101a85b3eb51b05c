// Command traced runs functions of odd control flow and prints the ways they took: one line for each run of a function that went another way
// than those before, as the labels of the calls it made in order.
//
// A call of a method of frame whose first argument is a number has that number as its label; T or F behind it is what it returned. R at the
// end stands for a function that returned, be it since something it deferred recovered, P for one that panicked. Lines without either were
// cut off when fuel was used up.
package main

import (
	"bufio"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
)

// Runs of each function, and how many labels may be passed in each.
const (
	runs = 150
	fuel = 400
)

var (
	mutex  sync.Mutex
	random = rand.New(rand.NewPCG(1, 2))
	left   int
	out    bool
	frames []*frame
)

// frame is one run of a function.
type frame struct{ way []string }

type exhausted struct{}

type point struct{ a, b int }

func main() {
	ways := make(map[string]bool)
	for _, function := range slices.Concat(byHand, generated) {
		for range runs {
			left, out, frames = fuel, false, nil
			run(function)
			for _, frame := range frames {
				if len(frame.way) > 0 {
					ways[strings.Join(frame.way, " ")] = true
				}
			}
		}
	}
	writer := bufio.NewWriter(os.Stdout)
	defer writer.Flush()
	for way := range ways {
		fmt.Fprintln(writer, way)
	}
}

func run(function func()) {
	defer func() { recover() }()
	function()
}

func enter(label int) *frame {
	f := new(frame)
	mutex.Lock()
	frames = append(frames, f)
	mutex.Unlock()
	f.pass(label, "")
	return f
}

// pass notes a label. Once fuel is used up nothing goes on.
func (f *frame) pass(label int, value string) {
	mutex.Lock()
	defer mutex.Unlock()
	left--
	if left < 0 {
		out = true
		panic(exhausted{})
	}
	f.way = append(f.way, fmt.Sprint(label, value))
}

// leave is deferred by each function before all else.
func (f *frame) leave() {
	cause := recover()
	mutex.Lock()
	switch {
	case out:
	case cause == nil:
		f.way = append(f.way, "R")
	default:
		f.way = append(f.way, "P")
	}
	mutex.Unlock()
	if cause != nil {
		panic(cause)
	}
}

func chance(of int) int {
	mutex.Lock()
	defer mutex.Unlock()
	return random.IntN(of)
}

func (f *frame) b(label int) bool {
	value := chance(2) == 0
	f.pass(label, map[bool]string{true: "T", false: "F"}[value])
	return value
}

func (f *frame) is(label int, value bool) bool {
	f.pass(label, map[bool]string{true: "T", false: "F"}[value])
	return value
}

func (f *frame) n(label int) int {
	f.pass(label, "")
	return chance(4)
}

func (f *frame) v(label int, _ ...int) { f.pass(label, "") }

// put is deferred: what it is given is evaluated long before it runs.
func (f *frame) put(int) {}

func (f *frame) two(label int) (int, bool) {
	f.pass(label, "")
	return chance(3), chance(2) == 0
}

func (f *frame) s(label int) []int {
	f.pass(label, "")
	return []int{1, 2, 3, 4, 5, 6, 7, 8}
}

func (f *frame) bools(label int) []bool {
	f.pass(label, "")
	return []bool{true, false, true}[:chance(4)]
}

func (f *frame) p(label int) *int {
	f.pass(label, "")
	return new(int)
}

func (f *frame) m(label int) map[int]int {
	f.pass(label, "")
	return map[int]int{1: 1, 2: 2}
}

func (f *frame) fn(label int) func(int) int {
	f.pass(label, "")
	return func(a int) int { return a }
}

func (f *frame) any(label int) any {
	f.pass(label, "")
	return []any{1, "a", nil, 2.5}[chance(4)]
}

func (f *frame) whole(label int) any {
	f.pass(label, "")
	return chance(4)
}

func (f *frame) into(label int) chan<- int {
	f.pass(label, "")
	return make(chan int, 1)
}

func (f *frame) maybe(label int) chan<- int {
	f.pass(label, "")
	return make(chan int, chance(2))
}

func (f *frame) ready(label int) <-chan int {
	f.pass(label, "")
	c := make(chan int, 1)
	c <- chance(4)
	return c
}

func (f *frame) perhaps(label int) <-chan int {
	f.pass(label, "")
	switch c := make(chan int, 1); chance(4) {
	case 0:
		return nil
	case 1:
		return c
	case 2:
		close(c)
		return c
	default:
		c <- 1
		return c
	}
}

func (f *frame) signals(label int) <-chan bool {
	f.pass(label, "")
	c := make(chan bool, 1)
	c <- chance(2) == 0
	return c
}

func (f *frame) closed(label int) <-chan int {
	f.pass(label, "")
	c := make(chan int, 3)
	for range chance(4) {
		c <- 1
	}
	close(c)
	return c
}

func (f *frame) sequence(label int) iter.Seq[int] {
	f.pass(label, "")
	count := chance(4)
	return func(yield func(int) bool) {
		for i := range count {
			if !yield(i) {
				return
			}
		}
	}
}

func (f *frame) pairs(label int) iter.Seq2[int, bool] {
	f.pass(label, "")
	count := chance(4)
	return func(yield func(int, bool) bool) {
		for i := range count {
			if !yield(i, i%2 == 0) {
				return
			}
		}
	}
}

func (f *frame) panics(label int) {
	f.pass(label, "")
	panic("on purpose")
}

func (p point) sum(c int) int { return p.a + p.b + c }

func truth(value bool) int {
	if value {
		return 1
	}
	return 0
}

func flip(t *struct{ on, off bool }, value bool) {
	t.on = value
	t.off = !t.off
}
