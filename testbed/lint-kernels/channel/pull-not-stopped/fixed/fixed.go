// Package fixed compares two sequences pairwise and stops both iterators.
package fixed

import "iter"

type version struct{ numbers []int }

func (v version) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, number := range v.numbers {
			if !yield(number) {
				return
			}
		}
	}
}

func older(a, b version) bool {
	nextA, stopA := iter.Pull(a.all())
	defer stopA()
	nextB, stopB := iter.Pull(b.all())
	defer stopB()
	for {
		left, more := nextA()
		right, moreB := nextB()
		if !more || !moreB {
			return moreB
		}
		if left != right {
			return left < right
		}
	}
}
