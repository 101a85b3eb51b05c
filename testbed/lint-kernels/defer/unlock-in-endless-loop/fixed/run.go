package fixed

import "time"

// Run applies two changes to n replicas and reads one.
func Run(n int) {
	for range n {
		r := &replica{rows: map[string]string{}}
		changes := make(chan change, 2)
		changes <- change{"a", "1"}
		changes <- change{"a", "2"}
		close(changes)
		go r.follow(changes)
		go func() {
			time.Sleep(20 * time.Millisecond)
			r.get("a")
		}()
	}
}
