// Orders is a small order service. A release that is turned on while it runs makes it leak.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	_ "net/http/pprof" // profiles are served next to the interface
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"orders/internal/api"
	"orders/internal/audit"
	"orders/internal/fulfil"
	"orders/internal/pricing"
	"orders/internal/store"
)

func main() {
	if err := run(); err != nil {
		slog.Error("orders stopped", "error", err)
		os.Exit(1)
	}
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:0", "loopback address of the interface and the profiles")
	prices := flag.String("pricing", "", "address of the pricing service's stream")
	folder := flag.String("data", "", "folder of the database and the audit log")
	release := flag.Duration("release-after", 12*time.Second, "when the new release is turned on")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	orders, err := store.Open(ctx, filepath.Join(*folder, "orders.db"))
	if err != nil {
		return err
	}
	defer orders.Close()
	log, err := os.Create(filepath.Join(*folder, "audit.log"))
	if err != nil {
		return err
	}
	defer log.Close()

	server := &api.Server{Orders: orders, Prices: pricing.NewStream(*prices), Audit: audit.NewLogger(log)}
	server.Fulfil = fulfil.Start(ctx, 8, func(ctx context.Context, id int64) error {
		return orders.SetState(ctx, id, "shipped")
	})
	defer server.Fulfil.Stop()
	go server.Prices.Run(ctx)
	time.AfterFunc(*release, func() {
		slog.Info("release 2.14.0 is on")
		server.Release.LiveQuotes.Store(true)
		server.Release.FastCancel.Store(true)
	})
	return serve(ctx, *listen, server)
}

func serve(ctx context.Context, listen string, server *api.Server) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	http.Handle("/", server.Routes())
	web := &http.Server{ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = web.Close() })
	fmt.Println(listener.Addr())
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
