// Package kernel asks a worker for a thumbnail; the worker goes away without an answer when it fails.
package kernel

type thumbnail struct {
	bytes []byte
	err   error
}

type request struct {
	path  string
	reply chan thumbnail
}

func worker(requests <-chan request, scale func(string) ([]byte, error)) {
	for r := range requests {
		bytes, err := scale(r.path)
		if err != nil {
			continue // want LK002
		}
		r.reply <- thumbnail{bytes: bytes}
	}
}

func thumb(requests chan<- request, path string) ([]byte, error) {
	r := request{path: path, reply: make(chan thumbnail, 1)}
	requests <- r
	t := <-r.reply // via; stuck
	return t.bytes, t.err
}
