// Package service knows who is asked for what.
package service

import (
	"context"

	"github.com/goherd/goherd/testbed/deadline-chains/stock"
)

// Orders is what keeps orders.
type Orders interface {
	Audit(ctx context.Context, customer string) error
}

// Shop answers customers.
type Shop struct {
	Orders Orders
	Stock  stock.StockClient
}

// Left asks how much is left, in a goroutine of its own, whoever waits.
func (s *Shop) Left(ctx context.Context, item string) (int, error) {
	units := make(chan int, 1)
	go func() {
		count, err := s.Stock.Units(context.TODO(), &stock.Item{Name: item}) // sink grpc left: inherited lost
		if err == nil {
			units <- count.Units
		}
	}()
	select {
	case left := <-units:
		return left, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Looked records that a customer looked.
func (s *Shop) Looked(ctx context.Context, customer string) error {
	return s.Orders.Audit(ctx, customer)
}
