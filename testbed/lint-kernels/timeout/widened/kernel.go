// Package kernel charges a card; below a caller who has 50 milliseconds, a minute is given anew.
package kernel

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
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond) // via
	defer cancel()
	if err := p.reserve(ctx, card, cents); err != nil { // stuck
		return fmt.Errorf("pay %d: %w", cents, err)
	}
	return ctx.Err()
}

func (p *payments) reserve(ctx context.Context, card string, cents int) error {
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute) // want TO002
	defer cancel()
	return p.bank.charge(detached, card, cents) // via; stuck
}

type hanging struct{}

func (hanging) charge(ctx context.Context, _ string, _ int) error {
	<-ctx.Done()
	return ctx.Err()
}
