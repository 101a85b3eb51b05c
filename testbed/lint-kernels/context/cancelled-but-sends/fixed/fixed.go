// Package fixed scans a bucket; the scanner looks at its context while it sends.
package fixed

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
			select {
			case found <- o:
			case <-ctx.Done():
				return
			}
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
			return o, true
		}
	}
	return object{}, false
}
