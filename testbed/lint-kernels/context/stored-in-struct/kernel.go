// Package kernel sends mail through a client that keeps the context of the request it was first made for.
package kernel

import "context"

type relay interface {
	deliver(ctx context.Context, to string) error
}

type client struct {
	ctx   context.Context // want CX003
	relay relay
}

func newClient(ctx context.Context, r relay) *client {
	return &client{ctx: ctx, relay: r} // via
}

func (c *client) send(to string) error {
	return c.relay.deliver(c.ctx, to) // via; stuck
}

type hanging struct{}

func (hanging) deliver(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

func notify(ctx context.Context, c *client, users []string) error {
	for _, user := range users {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.send(user); err != nil { // stuck
			return err
		}
	}
	return nil
}
