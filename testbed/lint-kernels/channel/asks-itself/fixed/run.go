package fixed

// Run moves everything in n inventories.
func Run(n int) {
	for range n {
		v := newInventory()
		go func() {
			v.move("nut", "bolt")
			v.close()
		}()
	}
}
