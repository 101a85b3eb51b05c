// Package fixed reports progress over a channel that is there for every upload.
package fixed

import "fmt"

type upload struct {
	path     string
	progress chan int
}

func newUpload(path string) *upload {
	return &upload{path: path, progress: make(chan int, 10)}
}

func resume(path string, from int) *upload {
	u := newUpload(path)
	u.path += fmt.Sprintf("?from=%d", from)
	return u
}

func (u *upload) send(chunks int) {
	for chunk := range chunks {
		u.progress <- chunk
	}
	close(u.progress)
}

func (u *upload) wait() int {
	last := 0
	for chunk := range u.progress {
		last = chunk
	}
	return last
}
