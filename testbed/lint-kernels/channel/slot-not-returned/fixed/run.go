package fixed

import "errors"

// Run sends three mails through each of n mailers whose relay is down; two may be under way.
func Run(n int) {
	for range n {
		m := newMailer(2, func(string) error { return errors.New("relay is down") })
		for _, to := range []string{"ada", "bob", "eve"} {
			go m.send(to)
		}
	}
}
