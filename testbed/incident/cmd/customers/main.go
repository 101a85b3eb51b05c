// Customers place, list and cancel orders at steady rates until they are stopped.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	url := flag.String("url", "", "base URL of the order service")
	place := flag.Float64("place", 48, "orders placed per second")
	cancelled := flag.Float64("cancel", 9, "orders cancelled per second")
	list := flag.Float64("list", 30, "lists asked for per second")
	watchers := flag.Int("watchers", 60, "customers who follow the events")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 5 * time.Minute}}
	go every(ctx, *place, func() {
		ask(ctx, client, http.MethodPost, fmt.Sprintf("%s/orders?sku=sku-%02d", *url, rand.IntN(20)))
	})
	go every(ctx, *cancelled, func() {
		ask(ctx, client, http.MethodDelete, fmt.Sprintf("%s/orders/%d", *url, 1+rand.IntN(200)))
	})
	go every(ctx, *list, func() { ask(ctx, client, http.MethodGet, *url+"/orders") })
	for range *watchers {
		go ask(ctx, client, http.MethodGet, *url+"/events")
	}
	<-ctx.Done()
}

// every starts do at a steady rate; a slow answer does not slow the next request down.
func every(ctx context.Context, rate float64, do func()) {
	ticker := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			go do()
		}
	}
}

func ask(ctx context.Context, client *http.Client, method, url string) {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		if ctx.Err() == nil {
			log.Print(err)
		}
		return
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil && ctx.Err() == nil {
		log.Print(err)
	}
}
