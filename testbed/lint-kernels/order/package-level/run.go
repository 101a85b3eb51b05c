package kernel

// Run deletes a user and her group at the same time.
func Run(n int) {
	usersMu.Lock()
	users["ada"] = []string{"admin"}
	usersMu.Unlock()
	groupsMu.Lock()
	groups["admin"] = []string{"ada"}
	groupsMu.Unlock()
	for range n {
		go deleteUser("ada")
		go deleteGroup("admin")
	}
}
