// Package kernel tries two replicas in turn; the second try takes the variable in which the first one's cancel was.
package kernel

import (
	"context"
	"time"
)

type replica struct {
	name    string
	answers chan string
}

func (r *replica) ask(ctx context.Context, reply chan<- string) {
	select { // via; stuck
	case answer := <-r.answers:
		reply <- answer
	case <-ctx.Done():
	}
}

func query(parent context.Context, first, second *replica) string {
	reply := make(chan string, 2)
	ctx, cancel := context.WithCancel(parent) // via
	go first.ask(ctx, reply)
	select {
	case answer := <-reply:
		cancel()
		return answer
	case <-time.After(10 * time.Millisecond):
	}
	ctx, cancel = context.WithTimeout(parent, time.Second) // want CX002|LK005
	defer cancel()
	go second.ask(ctx, reply)
	return <-reply
}
