// Package fixed sends mail through a client; each call brings its own context.
package fixed

import "context"

type relay interface {
	deliver(ctx context.Context, to string) error
}

type client struct {
	relay relay
}

func newClient(r relay) *client {
	return &client{relay: r}
}

func (c *client) send(ctx context.Context, to string) error {
	return c.relay.deliver(ctx, to)
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
		if err := c.send(ctx, user); err != nil {
			return err
		}
	}
	return nil
}
