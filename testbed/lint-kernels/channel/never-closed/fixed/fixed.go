// Package fixed exports rows as lines; the reader of the rows closes the channel when there are no more.
package fixed

import "fmt"

type row struct {
	id   int
	name string
}

func export(rows []row, write func(string)) int {
	lines := make(chan string, 8)
	written := make(chan int)
	go func() {
		n := 0
		for line := range lines {
			write(line)
			n++
		}
		written <- n
	}()
	for _, r := range rows {
		lines <- format(r)
	}
	close(lines)
	return <-written
}

func format(r row) string {
	return fmt.Sprintf("%d,%s", r.id, r.name)
}
