package kernel

import "time"

// Run returns a broken connection to n pools of one, while somebody waits for it.
func Run(n int) {
	for range n {
		p := newPool(1)
		c := p.get()
		c.broken = true
		go p.get()
		time.AfterFunc(20*time.Millisecond, func() { p.put(c) })
	}
}
