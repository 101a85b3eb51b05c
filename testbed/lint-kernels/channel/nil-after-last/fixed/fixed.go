// Package fixed merges two streams and leaves when both have ended.
package fixed

func merge(a, b <-chan int, into func(int)) {
	for a != nil || b != nil {
		select {
		case value, ok := <-a:
			if !ok {
				a = nil
				continue
			}
			into(value)
		case value, ok := <-b:
			if !ok {
				b = nil
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
