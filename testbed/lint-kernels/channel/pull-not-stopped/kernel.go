// Package kernel compares two sequences pairwise with pulled iterators and never stops them.
package kernel

import "iter"

type version struct{ numbers []int }

func (v version) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, number := range v.numbers {
			if !yield(number) { // stuck
				return
			}
		}
	}
}

func older(a, b version) bool {
	nextA, _ := iter.Pull(a.all()) // want LK014|LK001
	nextB, _ := iter.Pull(b.all()) // via
	for {
		left, more := nextA()
		right, moreB := nextB()
		if !more || !moreB {
			return moreB
		}
		if left != right {
			return left < right // via
		}
	}
}
