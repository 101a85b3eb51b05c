package kernel

// Run holds n polls.
func Run(n int) {
	for range n {
		p := &poll{votes: map[string]int{}}
		p.vote("tea")
		p.leader()
	}
}
