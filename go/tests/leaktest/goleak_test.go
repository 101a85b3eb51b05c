// Where goleak and leaktest differ: goroutines of somebody else, as parallel tests have them.

package leaktest

import (
	"testing"

	"github.com/goherd/goherd/go/runner/leaktest"
	"go.uber.org/goleak"
)

func TestSiblingIsNotAccused(t *testing.T) {
	stop, up, down := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(down)
		close(up)
		<-stop
	}()
	<-up
	t.Run("goleak", func(t *testing.T) {
		if goleak.Find() == nil {
			t.Error("goleak tells siblings apart: the documentation of leaktest says otherwise")
		}
	})
	t.Run("leaktest", func(t *testing.T) { leaktest.Check(t, leaktest.WithLimit(0)) })
	close(stop)
	<-down
}
