// Package fixed asks a worker for a thumbnail; the worker answers when it fails as well.
package fixed

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
		r.reply <- thumbnail{bytes, err}
	}
}

func thumb(requests chan<- request, path string) ([]byte, error) {
	r := request{path: path, reply: make(chan thumbnail, 1)}
	requests <- r
	t := <-r.reply
	return t.bytes, t.err
}
