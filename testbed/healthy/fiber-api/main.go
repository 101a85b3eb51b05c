// Fiber-api is a fiber (fasthttp) server under steady load with slow answers, behind a semaphore.
// Waits: fasthttp's workers between connections, its cleaner and its date loop, handlers waiting for a slot.
package main

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/semaphore"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(func(ctx context.Context, server string) {
		pace.Every(ctx, 76, 150, func() { pace.Get(ctx, server+"/render") })
	})
	admin.Start()
	app := fiber.New(fiber.Config{DisableStartupMessage: true, IdleTimeout: time.Minute})
	slots := semaphore.NewWeighted(40)
	app.Get("/render", func(c *fiber.Ctx) error {
		if err := slots.Acquire(c.Context(), 1); err != nil {
			return err
		}
		defer slots.Release(1)
		time.Sleep(500 * time.Millisecond)
		return c.SendString("rendered")
	})
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	admin.Must(app.Listener(listener))
}
