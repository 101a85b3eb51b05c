// Package fixed exports a table with or without progress; the channel of the progress is the one that is read.
package fixed

type export struct {
	rows     int
	progress bool
}

func (e export) run(show func(int)) {
	var steps chan int
	if e.progress {
		steps = make(chan int, e.rows)
		defer close(steps)
	}
	if e.progress {
		go e.write(steps)
		for range e.rows {
			show(<-steps)
		}
		return
	}
	e.write(nil)
}

func (e export) write(steps chan<- int) {
	for row := range e.rows {
		if e.progress {
			steps <- row
		}
	}
}
