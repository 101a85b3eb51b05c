package kernel

import "context"

// Run restarts n streams once and closes them.
func Run(n int) {
	for range n {
		s := &stream{frames: make(chan []byte)}
		s.restart(context.Background())
		s.restart(context.Background())
		s.close()
	}
}
