package kernel

// Run sells a seat in n halls.
func Run(n int) {
	for range n {
		go newHall(4).book(2, "ada")
	}
}
