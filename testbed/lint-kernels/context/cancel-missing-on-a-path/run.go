package kernel

import "context"

// Run leads n groups that have moved.
func Run(n int) {
	for range n {
		e := &election{renew: func() error { return nil }, moved: true}
		go e.lead(context.Background(), make(chan string))
	}
}
