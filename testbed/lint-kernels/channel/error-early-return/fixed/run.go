package fixed

import "errors"

// Run loads n pages of users who have no profile.
func Run(n int) {
	profile := func(int) (string, error) { return "", errors.New("not found") }
	orders := func(int) (string, error) { return "none", nil }
	for user := range n {
		go page(user, profile, orders)
	}
}
