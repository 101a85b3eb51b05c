// Package fixed checks domains; the results are read while the checks run.
package fixed

import "sync"

type check struct {
	domain string
	ok     bool
}

func checkAll(domains []string, resolve func(string) bool) []check {
	results := make(chan check)
	var checks sync.WaitGroup
	for _, domain := range domains {
		checks.Add(1)
		go func() {
			defer checks.Done()
			results <- check{domain, resolve(domain)}
		}()
	}
	go func() {
		checks.Wait()
		close(results)
	}()
	var all []check
	for c := range results {
		all = append(all, c)
	}
	return all
}
