package kernel

import "time"

// Run adds a row to n reports while they are rendered.
func Run(n int) {
	for range n {
		r := &report{rows: []int{1, 2}, sections: []section{totals{"total "}}}
		go func() { _ = r.String() }()
		go func() {
			time.Sleep(10 * time.Millisecond)
			r.add(3)
		}()
	}
}
