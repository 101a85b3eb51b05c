// Package kernel checks ports in goroutines; one that fails ends its goroutine, and the test goes on.
package kernel

import "testing"

// Run checks n ports as a test would.
func Run(n int) {
	check(new(testing.T), make([]int, n), func(int) error { return nil })
}

func check(t *testing.T, ports []int, dial func(int) error) {
	done := make(chan int)
	for _, port := range ports {
		go func(port int) {
			if err := dial(port); err != nil {
				t.Fatalf("port %d: %v", port, err) // want LO006
			}
			done <- port
		}(port)
	}
	for range ports {
		<-done
	}
}
