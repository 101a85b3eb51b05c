package fixed

// Run swaps a value and reads it back in n tables.
func Run(n int) {
	for range n {
		t := &table{rows: map[string]string{}}
		go func() {
			t.apply(command{op: "swap", key: "a", value: "1"})
			t.apply(command{op: "get", key: "a"})
		}()
	}
}
