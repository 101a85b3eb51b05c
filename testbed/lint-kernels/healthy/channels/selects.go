package channels

import "context"

// merge switches off, by a nil channel, the input that has ended, and leaves when both have.
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

// buffered switches its sending arm on only while there is something to send.
func buffered(in <-chan string, out chan<- string, done <-chan struct{}) {
	var waiting []string
	for {
		var sending chan<- string
		var next string
		if len(waiting) > 0 {
			sending, next = out, waiting[0]
		}
		select {
		case item, ok := <-in:
			if !ok {
				return
			}
			waiting = append(waiting, item)
		case sending <- next:
			waiting = waiting[1:]
		case <-done:
			return
		}
	}
}

// leftByLabel leaves the loop, not only the select.
func leftByLabel(events <-chan string, stop <-chan struct{}) int {
	handled := 0
loop:
	for {
		select {
		case <-events:
			handled++
		case <-stop:
			break loop
		}
	}
	return handled
}

// leftByFlag looks at what the select has noted.
func leftByFlag(events <-chan string, stop <-chan struct{}) int {
	handled := 0
	for running := true; running; {
		select {
		case <-events:
			handled++
		case <-stop:
			running = false
		}
	}
	return handled
}

// endedByClose has no arm for the end: the input is closed.
func endedByClose(events <-chan string) int {
	handled := 0
	for {
		_, ok := <-events
		if !ok {
			return handled
		}
		handled++
	}
}

// tryEnter never waits.
func tryEnter(slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
		return false
	}
}

// onlyDone ends with its context and frees what it was given.
func onlyDone(ctx context.Context, free func()) {
	go func() {
		<-ctx.Done()
		free()
	}()
}

// slots are taken here and given back by the goroutine that was started.
func withSlots(names []string, work func(string)) {
	slots := make(chan struct{}, 4)
	for _, name := range names {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			work(name)
		}()
	}
	for range cap(slots) {
		slots <- struct{}{}
	}
}

// woken keeps at most one wake-up that has not been seen.
func woken(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// exchanged lets one side send first and the other receive first.
func exchanged(mine string, out chan<- string, in <-chan string, first bool) string {
	if first {
		out <- mine
		return <-in
	}
	theirs := <-in
	out <- mine
	return theirs
}

// all receives exactly as often as was sent.
func all(jobs []func() int) int {
	results := make(chan int)
	for _, job := range jobs {
		go func() { results <- job() }()
	}
	sum := 0
	for range jobs {
		sum += <-results
	}
	return sum
}

// numbers is left without a goroutine.
func numbers(from int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for number := from; yield(number); number++ {
		}
	}
}
