package kernel

// Run reads n sensors.
func Run(n int) {
	for range n {
		s := newSensor()
		go s.firstAbove(1)
		s.measure(10)
	}
}
