package kernel

import "errors"

// Run converts n videos that cannot be read.
func Run(n int) {
	c := converter{decode: func(string) error { return errors.New("not a video") }}
	for range n {
		go c.convert("cat.mp4")
	}
}
