// Package kernel exports a table with or without progress; a second declaration hides the channel that is read.
package kernel

type export struct {
	rows     int
	progress bool
}

func (e export) run(show func(int)) {
	var steps chan int // via
	if e.progress {
		steps := make(chan int, e.rows) // want LK003
		defer close(steps)
	}
	if e.progress {
		go e.write(steps)
		for range e.rows {
			show(<-steps) // via; stuck
		}
		return
	}
	e.write(nil)
}

func (e export) write(steps chan<- int) {
	for row := range e.rows {
		if e.progress {
			steps <- row // via; stuck
		}
	}
}
