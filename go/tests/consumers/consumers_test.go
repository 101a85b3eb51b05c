// A program that uses every part of the core is built and run under each go line and toolchain.

package consumers

import (
	_ "embed"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"github.com/goherd/goherd/go/tests/internal/consumer"
)

//go:embed testdata/main.go
var program string

func TestEveryPart(t *testing.T) {
	consumer.Each(t, func(t *testing.T, command string, _, line int) {
		out, err := exec.Command(consumer.Build(t, command, line, program)).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		const want = "account deadline canceltrace fuse labels pool runner stream\n"
		if string(out) != want {
			t.Errorf("printed %q, want %q", out, want)
		}
	})
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
