package fixed

import "context"

// Run searches n buckets.
func Run(n int) {
	list := func(int) []object { return []object{{"a", 10}, {"b", 2000}, {"c", 3000}} }
	for range n {
		go firstAbove(context.Background(), 1000, list)
	}
}
