package groups

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// Run calls what the package has, and returns when all of it is done.
func Run() {
	ctx := context.Background()
	names := []string{"a", "b", "c"}
	s := &server{handle: func(int) {}, stopped: make(chan struct{})}
	s.accept(1)
	s.close()
	byPointer(names, func(string) {})
	allAtOnce(names, func(string) {})
	counted(names, func(string) {})
	tree := func(folder string) []string {
		if len(folder) > 3 {
			return nil
		}
		return []string{folder + "x", folder + "y"}
	}
	growing("r", tree)
	doneInClosure([]func() error{func() error { return nil }, func() error { panic("broken") }})
	doneByCallback(names, func(question string, answer func(string)) { go answer(question) })
	inRounds([][]func(){{func() {}, func() {}}, {func() {}}})
	inBackground(names, func(name string) int { return len(name) })
	skipping(names, func(name string) bool { return name == "a" }, func(string) {})
	limited(ctx, names, func(context.Context, string) error { return nil })
	nested("r", tree, func(string) error { return nil })
	start(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil }).close()
	storedAfter(ctx, func(context.Context) error { return nil }, func(ctx context.Context) error { return ctx.Err() })
	weighed(ctx, semaphore.NewWeighted(2), names, func(string) {})
}
