// Command command lives as long as its process: what it starts need not end before.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	address := "127.0.0.1:0"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := start(context.Background(), address); err != nil {
		slog.Error("not started", "error", err)
		os.Exit(1)
	}
	go report(time.Minute)
	select {}
}

// start derives from the context of the process, which ends with it.
func start(ctx context.Context, address string) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second, IdleTimeout: time.Minute}
	go func() {
		slog.Error("served", "error", server.Serve(listener))
		os.Exit(1)
	}()
	return nil
}

// report ticks as long as the process lives.
func report(every time.Duration) {
	started := time.Now()
	for range time.Tick(every) {
		slog.Info("alive", "since", time.Since(started))
	}
}
