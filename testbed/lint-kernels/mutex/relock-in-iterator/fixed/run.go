package fixed

import "time"

// Run expires the members of n groups.
func Run(n int) {
	for range n {
		g := &group{members: map[string]time.Time{"ada": {}}}
		go g.expire(time.Now())
	}
}
