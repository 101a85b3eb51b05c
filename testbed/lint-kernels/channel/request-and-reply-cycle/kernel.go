// Package kernel lets a coordinator and a worker talk over two unbuffered channels, both sending first.
package kernel

type coordinator struct {
	tasks    chan int
	progress chan int
}

func newCoordinator() *coordinator {
	return &coordinator{tasks: make(chan int), progress: make(chan int)} // via
}

func (c *coordinator) run(tasks int) int {
	go c.work()
	for task := range tasks {
		c.tasks <- task // via; stuck
	}
	close(c.tasks)
	sum := 0
	for range tasks {
		sum += <-c.progress
	}
	return sum
}

func (c *coordinator) work() {
	for task := range c.tasks {
		c.progress <- task * task // want DL005; stuck
	}
}
