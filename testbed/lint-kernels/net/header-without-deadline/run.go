package kernel

import "net"

// Run takes n connections whose peers send nothing.
func Run(n int) {
	for range n {
		here, _ := net.Pipe()
		go accept(here, func(header) {})
	}
}
