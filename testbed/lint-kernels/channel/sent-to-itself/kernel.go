// Package kernel puts failed jobs back into the channel it reads from.
package kernel

import "errors"

type job struct {
	name     string
	attempts int
}

func process(jobs chan job, do func(job) error) int {
	done := 0
	for j := range jobs {
		if err := do(j); err != nil && j.attempts < 3 {
			j.attempts++
			jobs <- j // want DL005|LK001; stuck
			continue
		}
		done++
	}
	return done
}

func flaky(j job) error {
	if j.attempts < 2 {
		return errors.New("try again")
	}
	return nil
}
