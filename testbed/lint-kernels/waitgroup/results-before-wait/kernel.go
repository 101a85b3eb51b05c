// Package kernel checks domains and reads the results after all checks are done, which cannot be before they are read.
package kernel

import "sync"

type check struct {
	domain string
	ok     bool
}

func checkAll(domains []string, resolve func(string) bool) []check {
	results := make(chan check) // via
	var checks sync.WaitGroup
	for _, domain := range domains {
		checks.Add(1)
		go func() {
			defer checks.Done()
			results <- check{domain, resolve(domain)} // via; stuck
		}()
	}
	checks.Wait() // want LK006|DL005|LK001; stuck
	close(results)
	var all []check
	for c := range results {
		all = append(all, c)
	}
	return all
}
