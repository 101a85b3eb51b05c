// What tests outside of the package see of it.

package herdotel

// Following is how many spans are followed.
func (t *Tail) Following() int64 { return t.followed.Load() }
