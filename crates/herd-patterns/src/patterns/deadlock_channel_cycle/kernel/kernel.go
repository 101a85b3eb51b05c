// Package kernel lets a planner hand out tasks while the builder reports progress, each waiting for the other to listen.
package kernel

type plan struct {
	tasks    chan int
	progress chan int
	done     int
}

// Run starts n plans of two tasks.
func Run(n int) {
	for i := 0; i < n; i++ {
		p := &plan{tasks: make(chan int), progress: make(chan int)}
		go p.hand(2) // from DL005
		go p.build() // from DL005
	}
}

func (p *plan) hand(tasks int) {
	for task := 0; task < tasks; task++ {
		p.tasks <- task // want DL005
	}
	close(p.tasks)
	for report := range p.progress {
		p.done += report
	}
}

func (p *plan) build() {
	for task := range p.tasks {
		p.progress <- task // want DL005
	}
	close(p.progress)
}
