// Package kernel resizes photo albums; every album starts its own pool and never ends it.
package kernel

const workers = 4

type photo struct {
	width  int
	resize chan<- int
}

type pool struct{ photos chan photo }

// Run resizes albums until n workers were started.
func Run(n int) {
	for started := 0; started < n; started += workers {
		go resizeAlbum(2 * workers)
	}
}

func resizeAlbum(size int) int {
	p := newPool()
	resized := make(chan int, size)
	for i := 0; i < size; i++ {
		p.photos <- photo{width: 4000, resize: resized}
	}
	total := 0
	for i := 0; i < size; i++ {
		total += <-resized
	}
	return total
}

func newPool() *pool {
	p := &pool{photos: make(chan photo)}
	for i := 0; i < workers; i++ {
		go p.work() // from LK012
	}
	return p
}

func (p *pool) work() {
	for job := range p.photos { // want LK012
		job.resize <- job.width / 4
	}
}
