// A panic nobody waits for ends the process when the pool is told to raise panics again.

package pool

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const dies = "POOL_TEST_DIES"

func TestReraiseUnownedEndsTheProcess(t *testing.T) {
	if os.Getenv(dies) != "" {
		p := New(WithReraise(), WithWorkers(1))
		// The unowned task runs under the join of another, which must not recover its panic.
		_ = p.Run(background, func(w *Worker) error {
			_ = p.Submit(background, func(*Worker) error { panic("unowned") })
			w.Go(func(*Worker) error { return nil })
			return w.Join()
		})
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestReraiseUnownedEndsTheProcess$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), dies+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "task panicked: unowned") || strings.Contains(string(out), "test timed out") {
		t.Fatalf("the process ended with %v\n%s", err, out)
	}
}
