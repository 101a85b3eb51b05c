// Package kernel subscribes to prices and throws the cancel function away.
package kernel

import "context"

type ticker struct {
	subscribers []chan int
}

func (t *ticker) subscribe(ctx context.Context, prices chan<- int) {
	own := make(chan int)
	t.subscribers = append(t.subscribers, own)
	go func() {
		for {
			select { // via; stuck
			case price := <-own:
				prices <- price
			case <-ctx.Done():
				return
			}
		}
	}()
}

func (t *ticker) publish(price int) {
	for _, subscriber := range t.subscribers {
		subscriber <- price
	}
}

func nextPrice(parent context.Context, t *ticker) int {
	prices := make(chan int, 1)
	ctx, _ := context.WithCancel(parent) // want CX002|LK005
	t.subscribe(ctx, prices)
	t.publish(42)
	return <-prices
}
