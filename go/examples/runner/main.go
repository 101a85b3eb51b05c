// A Runner with a task that fails, one that panics, and one that does not hear that it should stop.
//
//	go run ./runner
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goherd/goherd/go/runner"
)

func main() {
	r := runner.New(context.Background(), "ingest", runner.WithKeepGoing())
	r.Go("fail", func(context.Context) error { return errors.New("no such file") })
	r.Go("panic", func(context.Context) error { panic("index out of range") })
	r.Go("obey", func(ctx context.Context) error { <-ctx.Done(); return nil })
	deaf := make(chan struct{})
	r.Go("deaf", func(context.Context) error { <-deaf; return nil })

	r.Cancel(errors.New("shutdown"))
	report, err := r.WaitTimeout(100 * time.Millisecond)
	fmt.Print(report)
	fmt.Println(errors.Is(err, runner.ErrStuck))

	close(deaf)
	fmt.Println(r.Wait() != nil)
}
