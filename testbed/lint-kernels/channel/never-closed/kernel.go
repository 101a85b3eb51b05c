// Package kernel exports rows as lines; the channel between reader and writer is never closed.
package kernel

import "fmt"

type row struct {
	id   int
	name string
}

func export(rows []row, write func(string)) int {
	lines := make(chan string, 8) // via
	written := make(chan int)
	go func() {
		n := 0
		for line := range lines { // want LK002; stuck
			write(line)
			n++
		}
		written <- n
	}()
	for _, r := range rows {
		lines <- format(r) // via
	}
	return <-written // via; stuck
}

func format(r row) string {
	return fmt.Sprintf("%d,%s", r.id, r.name)
}
