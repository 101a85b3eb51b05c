package kernel

import "time"

// Run lists friends in n networks while somebody makes one more.
func Run(n int) {
	for range n {
		w := &network{people: map[int]person{1: {"ada", []int{2}}, 2: {"bob", nil}, 3: {"eve", nil}}}
		go w.friends(1)
		go func() {
			time.Sleep(10 * time.Millisecond)
			w.befriend(1, 3)
		}()
	}
}
