// Package kernel reports the progress of uploads over a channel that only one of two constructors makes.
package kernel

import "fmt"

type upload struct {
	path     string
	progress chan int
}

func newUpload(path string) *upload {
	return &upload{path: path, progress: make(chan int, 10)}
}

func resume(path string, from int) *upload {
	u := &upload{path: path} // want LK003
	u.path += fmt.Sprintf("?from=%d", from)
	return u
}

func (u *upload) send(chunks int) {
	for chunk := range chunks {
		u.progress <- chunk // via; stuck
	}
	close(u.progress)
}

func (u *upload) wait() int {
	last := 0
	for chunk := range u.progress { // via; stuck
		last = chunk
	}
	return last
}
