// Package fixed lets a coordinator and a worker talk; the progress has a place in its channel.
package fixed

type coordinator struct {
	tasks    chan int
	progress chan int
}

func newCoordinator() *coordinator {
	return &coordinator{tasks: make(chan int), progress: make(chan int)}
}

func (c *coordinator) run(tasks int) int {
	go c.work()
	go func() {
		defer close(c.tasks)
		for task := range tasks {
			c.tasks <- task
		}
	}()
	sum := 0
	for range tasks {
		sum += <-c.progress
	}
	return sum
}

func (c *coordinator) work() {
	for task := range c.tasks {
		c.progress <- task * task
	}
}
