// Gin-api is a gin server with 120 long polls that end after 60 s and are asked again, beside short requests.
// Waits: long-poll handlers on a select, their background reads, keep-alive connections.
package main

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(clients)
	admin.Start()
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultWriter = io.Discard
	changes := &changes{next: make(chan struct{})}
	go changes.announce()
	router := gin.New()
	router.Use(gin.Logger(), gin.Recovery())
	router.GET("/poll", changes.poll)
	router.GET("/ping", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"pong": true}) })
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	admin.Must(router.RunListener(listener))
}

// changes wakes every poll at once by closing a channel.
type changes struct {
	mu   sync.Mutex
	next chan struct{}
}

func (c *changes) announce() {
	for range time.Tick(5 * time.Minute) {
		c.mu.Lock()
		close(c.next)
		c.next = make(chan struct{})
		c.mu.Unlock()
	}
}

func (c *changes) poll(request *gin.Context) {
	c.mu.Lock()
	next := c.next
	c.mu.Unlock()
	select {
	case <-next:
		request.String(http.StatusOK, "changed")
	case <-time.After(time.Minute):
		request.Status(http.StatusNoContent)
	case <-request.Request.Context().Done():
	}
}

func clients(ctx context.Context, server string) {
	for range 120 {
		go func() {
			for pace.Sleep(ctx, 10*time.Millisecond) {
				pace.Get(ctx, server+"/poll")
			}
		}()
	}
	pace.Every(ctx, 20, 16, func() { pace.Get(ctx, server+"/ping") })
}
