package fixed

import "errors"

// Run imports three files n times, none of which can be read.
func Run(n int) {
	for range n {
		go importAll([]string{"a", "b", "c"}, func(string) error { return errors.New("no such file") })
	}
}
