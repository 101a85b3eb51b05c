package fixed

// Run holds n rooms in which somebody leaves while somebody speaks.
func Run(n int) {
	for range n {
		r := &room{members: map[*member]bool{}}
		m := join(r)
		go r.say("hello")
		go m.leave()
	}
}
