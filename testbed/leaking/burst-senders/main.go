// Burst-senders synchronises its shops twice a minute: thirty workers report to one channel, and the first report of a failure ends the
// synchronisation, so that nobody reads the others. Nothing is lost between two synchronisations.
// Waits: senders on an unbuffered channel, thirty more every half minute, among keep-alive connections and an idle pool.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(func(ctx context.Context, server string) {
		pace.Every(ctx, 20, 32, func() { pace.Get(ctx, server+"/ready") })
	})
	admin.Start()
	jobs := make(chan int)
	for range 24 {
		go func() {
			for range jobs {
				time.Sleep(time.Millisecond)
			}
		}()
	}
	go synchronise()
	mux := http.NewServeMux()
	mux.HandleFunc("/ready", func(_ http.ResponseWriter, r *http.Request) {
		pace.Sleep(r.Context(), 300*time.Millisecond)
		jobs <- 1
	})
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

func synchronise() {
	time.Sleep(6 * time.Second)
	for ; ; time.Sleep(30 * time.Second) {
		if err := syncShops(31); err != nil {
			log.Print(err)
		}
	}
}

var errDown = errors.New("shop is down")

func syncShops(shops int) error {
	reports := make(chan error)
	for shop := range shops {
		go syncShop(shop, reports) // from LK001
	}
	for range shops {
		if err := <-reports; err != nil {
			return err
		}
	}
	return nil
}

func syncShop(shop int, reports chan<- error) {
	time.Sleep(time.Duration(10+shop) * time.Millisecond)
	reports <- errDown // want LK001
}
