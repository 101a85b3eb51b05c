// Package fixed resizes photo albums; every album ends the pool it started.
package fixed

import "sync"

const workers = 4

type photo struct {
	width  int
	resize chan<- int
}

type pool struct {
	photos  chan photo
	running sync.WaitGroup
}

// Run resizes albums until n workers were started.
func Run(n int) {
	for started := 0; started < n; started += workers {
		go resizeAlbum(2 * workers)
	}
}

func resizeAlbum(size int) int {
	p := newPool()
	defer p.stop()
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
	p.running.Add(workers)
	for i := 0; i < workers; i++ {
		go p.work()
	}
	return p
}

func (p *pool) work() {
	defer p.running.Done()
	for job := range p.photos {
		job.resize <- job.width / 4
	}
}

func (p *pool) stop() {
	close(p.photos)
	p.running.Wait()
}
