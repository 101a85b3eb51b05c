package fixed

import "errors"

// Run launches n replicas that cannot sync.
func Run(n int) {
	for range n {
		go launch(func() error { return errors.New("no route to leader") })
	}
}
