// Package suppressed has faults that somebody has looked at and kept, with a reason that linters read.
package suppressed

import (
	"context"
	"sync"
)

// detached is known to outlive its caller.
func detached(notify func(context.Context)) {
	go notify(context.Background()) //nolint:contextcheck // the notice has to go out whatever becomes of the caller
}

// forever is the last thing its process does.
func forever(serve func()) {
	go serve()
	select {} //nolint:all // ends with the process
}

// barrier waits for whoever is inside.
func barrier(mu *sync.Mutex) {
	mu.Lock()
	//lint:ignore SA2001 a barrier
	mu.Unlock()
}

// dropped ends with its parent, a moment later.
func dropped(parent context.Context, ask func(context.Context)) {
	ctx, _ := context.WithCancel(parent) //nolint:govet // the parent ends with this function
	ask(ctx)
}
