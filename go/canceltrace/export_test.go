// What tests of the package need from inside.

package canceltrace

import "time"

// SpinUntilShort returns about when w is registered with its context: up to a
// fraction of a short time before or after.
func SpinUntilShort(w *Watched, step int) {
	until := short + time.Duration(step-20)*5*time.Microsecond
	for time.Since(w.start) < until {
	}
}
