package fixed

// Run deletes a user and her group at the same time.
func Run(n int) {
	for range n {
		go deleteUser("ada")
		go deleteGroup("admin")
	}
}
