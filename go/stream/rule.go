// The rule of admission: what may enter the queue, what may still be begun, and how the estimate behind both follows the service.

package stream

import "time"

// Rule decides by remaining time. It knows no clock and takes no lock: times are handed in, and calls must not overlap. Buffer
// uses it; it is exported for those who have a queue of their own. Make one with NewRule.
//
// An item is admitted when the wait it must expect is at most a share of its remaining time, and begun when its remaining time
// still covers the mean cost. The expected wait is the work before it (waiting and running items at the mean cost) divided by the
// workers. The share is what feedback steers: each item that ends late or is dropped lowers it, each one on time raises it a
// little, so that the part of admitted items that is late settles near a target. After a number of refusals in a row one item is
// let through whatever the estimate says, so that an estimate that is too high is always corrected.
type Rule struct {
	workers float64
	share   float64
	mean    float64 // seconds
	samples int
	refused int  // at the door, in a row
	dropped int  // when they should begin, in a row
	probe   bool // an item was let in against the estimate and not yet begun
}

const (
	lateTarget  = 0.025 // part of admitted items that may be late
	shareStep   = 0.05  // how far one late item lowers the share, relative to it
	shareMin    = 0.15  // keeps workers busy when lateness is the service's own noise
	memory      = 64    // items the mean cost looks back on
	probeAfter  = 16    // refusals in a row before one item is let through
	needAtStart = 1.0   // mean costs that must remain when an item is begun
)

// NewRule makes a rule for a number of workers (values below 1 mean 1). Until the first item has ended nothing is refused but
// what has no time left.
func NewRule(workers int) *Rule {
	return &Rule{workers: float64(max(1, workers)), share: 0.5}
}

// Admit says whether an item with the time remaining should enter a queue of waiting items, while running ones are being served.
func (r *Rule) Admit(remaining time.Duration, waiting, running int) bool {
	left := remaining.Seconds()
	before := float64(waiting+running) + 1 - r.workers
	wait := max(0, before) * r.mean / r.workers
	ok := left > 0 && wait <= r.share*left && wait+r.mean <= left
	if ok {
		r.refused = 0
		return true
	}
	r.refused++
	if left <= 0 || r.refused <= probeAfter {
		return false
	}
	r.refused, r.probe = 0, true
	return true
}

// Begin says, when an item leaves the queue, whether it should still be served.
func (r *Rule) Begin(remaining time.Duration) bool {
	left := remaining.Seconds()
	if left > 0 && (needAtStart*r.mean <= left || r.probe || r.dropped >= probeAfter) {
		r.probe, r.dropped = r.probe && needAtStart*r.mean <= left, 0
		return true
	}
	r.dropped++
	r.ended(true)
	return false
}

// Done reports an item that was served: what it cost a worker, and whether it was late.
func (r *Rule) Done(cost time.Duration, late bool) {
	r.samples++
	weight := 1 / float64(min(r.samples, memory))
	r.mean += weight * (max(0, cost.Seconds()) - r.mean)
	r.ended(late)
}

// ended moves the share so that it stands still when lateTarget of the items are late.
func (r *Rule) ended(late bool) {
	if late {
		r.share -= shareStep * r.share * (1 - lateTarget)
	} else {
		r.share += shareStep * r.share * lateTarget
	}
	r.share = min(max(r.share, shareMin), 1)
}

// Mean is the present estimate of an item's cost.
func (r *Rule) Mean() time.Duration { return time.Duration(r.mean * float64(time.Second)) }
