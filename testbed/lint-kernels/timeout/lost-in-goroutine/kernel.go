// Package kernel collects offers from two shops; the goroutines ask without the deadline of the request.
package kernel

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

type shop interface {
	offer(ctx context.Context, item string) (int, error)
}

type offers struct {
	shops []shop
}

func (o *offers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 50*time.Millisecond) // via
	defer cancel()
	cheapest, err := o.cheapest(ctx, r.FormValue("item"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusGatewayTimeout)
		return
	}
	fmt.Fprintln(w, cheapest)
}

func (o *offers) cheapest(ctx context.Context, item string) (int, error) {
	answers := make(chan int, len(o.shops))
	for _, s := range o.shops {
		go func() {
			if cents, err := s.offer(context.TODO(), item); err == nil { // want TO001|CX001; stuck
				answers <- cents
			}
		}()
	}
	select {
	case cents := <-answers:
		return cents, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

type hanging struct{}

func (hanging) offer(ctx context.Context, _ string) (int, error) {
	<-ctx.Done() // via; stuck
	return 0, ctx.Err()
}
