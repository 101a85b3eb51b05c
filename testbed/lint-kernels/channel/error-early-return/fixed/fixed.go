// Package fixed loads a page's two parts at once; each answer fits into its channel.
package fixed

import "fmt"

type result struct {
	text string
	err  error
}

type loader func(user int) (string, error)

func page(user int, profile, orders loader) (string, error) {
	profiles, lists := make(chan result, 1), make(chan result, 1)
	go start(profile, user, profiles)
	go start(orders, user, lists)
	p := <-profiles
	if p.err != nil {
		return "", fmt.Errorf("profile of %d: %w", user, p.err)
	}
	l := <-lists
	if l.err != nil {
		return "", fmt.Errorf("orders of %d: %w", user, l.err)
	}
	return p.text + l.text, nil
}

func start(load loader, user int, into chan<- result) {
	text, err := load(user)
	into <- result{text, err}
}
