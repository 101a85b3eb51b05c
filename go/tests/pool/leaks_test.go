// What the tests of this package start has ended when they are over.

package pool_test

import (
	"testing"

	"go.uber.org/goleak"
)

// ants has goroutines of its own from the start.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }
