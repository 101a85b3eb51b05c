// Package kernel merges two streams, sets each to nil at its end and then waits for two nil channels.
package kernel

func merge(a, b <-chan int, into func(int)) {
	for { // via
		select { // want LK003|LK004; stuck
		case value, ok := <-a:
			if !ok {
				a = nil // via
				continue
			}
			into(value)
		case value, ok := <-b:
			if !ok {
				b = nil // via
				continue
			}
			into(value)
		}
	}
}

func stream(values ...int) <-chan int {
	ch := make(chan int, len(values))
	for _, value := range values {
		ch <- value
	}
	close(ch)
	return ch
}
