// Package fixed charges a card within the time the caller has left.
package fixed

import (
	"context"
	"fmt"
	"time"
)

type bank interface {
	charge(ctx context.Context, card string, cents int) error
}

type payments struct {
	bank bank
}

func (p *payments) pay(ctx context.Context, card string, cents int) error {
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := p.reserve(ctx, card, cents); err != nil {
		return fmt.Errorf("pay %d: %w", cents, err)
	}
	return ctx.Err()
}

func (p *payments) reserve(ctx context.Context, card string, cents int) error {
	return p.bank.charge(ctx, card, cents)
}

type hanging struct{}

func (hanging) charge(ctx context.Context, _ string, _ int) error {
	<-ctx.Done()
	return ctx.Err()
}
