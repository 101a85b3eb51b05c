// Nothing of a Runner is left behind, by goleak's judgement of the whole binary.

package runner

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/goherd/goherd/go/runner"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNothingIsLeftBehind(t *testing.T) {
	until := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for range 100 {
		r := runner.New(context.Background(), "left", runner.WithLimit(4), runner.WithTimeout(time.Hour), runner.WithInstance())
		r.Go("until", until)
		r.Go("exit", func(context.Context) error { runtime.Goexit(); return nil })
		r.Go("boom", func(context.Context) error { panic("x") })
		r.TryGo("until", until)
		late := make(chan bool)
		go func() { late <- r.Go("late", until) }()
		if _, err := r.WaitTimeout(0); err == nil {
			t.Error("tasks that wait for their context ended before it")
		}
		r.Cancel(errors.New("enough"))
		<-late
		if err := r.Wait(); err == nil {
			t.Error("Wait lost the error")
		}
	}
}
