// What the tests of this package start has ended when they are over.

package fuse_test

import (
	"os"
	"testing"

	"github.com/goherd/goherd/go/runner/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }
