// What the tests of this package start has ended when they are over, but for what is leaked to be found.

package fuse_test

import (
	"os"
	"testing"

	"github.com/goherd/goherd/go/runner/leaktest"
)

func TestMain(m *testing.M) {
	if os.Getenv("FUSE_TEST_LISTED") != "" {
		os.Exit(m.Run())
	}
	os.Exit(leaktest.Main(m, leaktest.Ignore("github.com/goherd/goherd/go/fuse_test.leakOne.func1")))
}
