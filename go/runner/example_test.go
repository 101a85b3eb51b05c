// Examples of the Runner's use.

package runner_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goherd/goherd/go/runner"
)

func ExampleRunner() {
	r := runner.New(context.Background(), "ingest", runner.WithLimit(2))
	for _, name := range []string{"a", "b", "c"} {
		r.Go("read", func(context.Context) error {
			if name == "b" {
				return errors.New("no such file")
			}
			return nil
		})
	}
	fmt.Println(r.Wait())
	// Output: ingest/read: no such file
}

func ExampleRunner_WaitTimeout() {
	r := runner.New(context.Background(), "ingest")
	stop := make(chan struct{})
	r.Go("deaf", func(context.Context) error { <-stop; return nil })
	r.Cancel(errors.New("shutdown"))
	report, err := r.WaitTimeout(10 * time.Millisecond)
	fmt.Println(err)
	fmt.Println(report.Stuck[0].Task, report.Stuck[0].Stacks[0].Waits)
	close(stop)
	fmt.Println(r.Wait())
	// Output:
	// ingest: 1 task did not stop within 10ms
	// deaf chan receive
	// <nil>
}
