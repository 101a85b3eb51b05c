// Package fixed tries two replicas in turn and cancels the first try before the second begins.
package fixed

import (
	"context"
	"time"
)

type replica struct {
	name    string
	answers chan string
}

func (r *replica) ask(ctx context.Context, reply chan<- string) {
	select {
	case answer := <-r.answers:
		reply <- answer
	case <-ctx.Done():
	}
}

func query(parent context.Context, first, second *replica) string {
	reply := make(chan string, 2)
	ctx, cancel := context.WithCancel(parent)
	go first.ask(ctx, reply)
	select {
	case answer := <-reply:
		cancel()
		return answer
	case <-time.After(10 * time.Millisecond):
		cancel()
	}
	ctx, cancel = context.WithTimeout(parent, time.Second)
	defer cancel()
	go second.ask(ctx, reply)
	return <-reply
}
