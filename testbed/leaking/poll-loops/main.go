// Poll-loops watches a delivery for every order, about two a second, and goes on asking the carrier when the delivery is long done: every
// seven seconds on the clock, all watchers at once, and the carrier takes its time.
// Waits: watchers that are now in time.Sleep, now in the client's round trip, now in a body that comes late; no place alone keeps rising.
package main

import (
	"context"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

const round = 7 * time.Second

func main() {
	admin.Clients(customers)
	admin.Start()
	listener := admin.Loopback()
	mux := http.NewServeMux()
	mux.HandleFunc("/order", func(_ http.ResponseWriter, r *http.Request) {
		go watch(r.FormValue("carrier")) // from LK008
	})
	admin.StartClients("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

func watch(carrier string) {
	for {
		time.Sleep(time.Until(time.Now().Truncate(round).Add(round))) // want LK008
		ask(carrier)
	}
}

func ask(carrier string) {
	response, err := http.Get("http://" + carrier) // want LK008
	if err != nil {
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body) // want LK008
}

// customers order, and the carrier answers, in a process of their own.
func customers(ctx context.Context, server string) {
	carrier := admin.Loopback()
	go func() { log.Fatal(http.Serve(carrier, http.HandlerFunc(track))) }()
	order := server + "/order?carrier=" + carrier.Addr().String()
	pace.Every(ctx, 2, 16, func() { pace.Get(ctx, order) })
}

// track lets its answer wait, and then the rest of it.
func track(w http.ResponseWriter, r *http.Request) {
	total := time.Duration(200+rand.IntN(6600)) * time.Millisecond
	head := time.Duration(float64(total) * rand.Float64())
	pace.Sleep(r.Context(), head)
	_, _ = io.WriteString(w, "in transit")
	_ = http.NewResponseController(w).Flush()
	pace.Sleep(r.Context(), total-head)
}
