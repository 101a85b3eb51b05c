// Package kernel scans a bucket; the scanner looks at its context between sends, and hangs in a send.
package kernel

import "context"

type object struct {
	key   string
	bytes int
}

func scan(ctx context.Context, list func(page int) []object, found chan<- object) {
	defer close(found)
	for page := 0; ctx.Err() == nil; page++ {
		objects := list(page)
		if len(objects) == 0 {
			return
		}
		for _, o := range objects {
			found <- o // want LK014|LK001|CX006; stuck
		}
	}
}

func firstAbove(ctx context.Context, bytes int, list func(int) []object) (object, bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found := make(chan object)
	go scan(ctx, list, found)
	for o := range found {
		if o.bytes > bytes {
			return o, true // via
		}
	}
	return object{}, false
}
