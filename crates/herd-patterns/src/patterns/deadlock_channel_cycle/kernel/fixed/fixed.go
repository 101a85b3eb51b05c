// Package fixed lets a planner hand out tasks and listen for progress at the same time.
package fixed

type plan struct {
	tasks    chan int
	progress chan int
	done     int
}

// Run starts n plans of two tasks.
func Run(n int) {
	for i := 0; i < n; i++ {
		p := &plan{tasks: make(chan int), progress: make(chan int)}
		go p.hand(2)
		go p.listen()
		go p.build()
	}
}

func (p *plan) hand(tasks int) {
	for task := 0; task < tasks; task++ {
		p.tasks <- task
	}
	close(p.tasks)
}

func (p *plan) listen() {
	for report := range p.progress {
		p.done += report
	}
}

func (p *plan) build() {
	for task := range p.tasks {
		p.progress <- task
	}
	close(p.progress)
}
