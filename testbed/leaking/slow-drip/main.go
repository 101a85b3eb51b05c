// Slow-drip is a gin service that loses one goroutine every five seconds: a subscriber that waits for a channel nobody closes.
// Waits: a handful of receivers, which is all there is to see after two minutes, among 60 long polls and two pools.
package main

import (
	"context"
	"io"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(func(ctx context.Context, server string) {
		for range 60 {
			go func() {
				for pace.Sleep(ctx, 10*time.Millisecond) {
					pace.Get(ctx, server+"/poll")
				}
			}()
		}
		go pace.Every(ctx, 20, 16, func() { pace.Get(ctx, server+"/ready") })
		pace.Every(ctx, 0.2, 4, func() { pace.Get(ctx, server+"/subscribe") })
	})
	admin.Start()
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultWriter = io.Discard
	router := gin.New()
	router.GET("/poll", func(c *gin.Context) { pace.Sleep(c.Request.Context(), 40*time.Second) })
	router.GET("/ready", func(*gin.Context) {})
	router.GET("/subscribe", func(*gin.Context) { newSubscription() })
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	admin.Must(router.RunListener(listener))
}

type subscription struct {
	messages chan string
	seen     int
}

func newSubscription() *subscription {
	subscription := &subscription{messages: make(chan string)}
	go subscription.drain() // from LK002
	return subscription
}

func (s *subscription) drain() {
	for range s.messages { // want LK002
		s.seen++
	}
}
