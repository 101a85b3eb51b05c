// Results-unread asks three suppliers for each search and answers with the first; the other two send to nobody. About 1.3 a second.
// Waits: senders on an unbuffered channel, among keep-alive connections and an outbound HTTP pool.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(func(ctx context.Context, server string) {
		go pace.Every(ctx, 0.66, 64, func() { pace.Get(ctx, server+"/search") })
		pace.Every(ctx, 20, 64, func() { pace.Get(ctx, server+"/ready") })
	})
	admin.Start()
	suppliers := admin.Loopback()
	go func() { log.Fatal(http.Serve(suppliers, http.HandlerFunc(supplier))) }()
	search := &search{suppliers: "http://" + suppliers.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("/search", search.first)
	mux.HandleFunc("/ready", func(_ http.ResponseWriter, r *http.Request) { pace.Sleep(r.Context(), 300*time.Millisecond) })
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

func supplier(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(time.Duration(50+rand.IntN(200)) * time.Millisecond)
	_, _ = fmt.Fprint(w, rand.IntN(100))
}

type search struct {
	suppliers string
}

func (s *search) first(w http.ResponseWriter, _ *http.Request) {
	offers := make(chan string)
	for number := range 3 {
		go s.ask(number, offers) // from LK001
	}
	_, _ = io.WriteString(w, <-offers)
}

func (s *search) ask(number int, offers chan<- string) {
	response, err := http.Get(fmt.Sprintf("%s/%d", s.suppliers, number))
	if err != nil {
		offers <- err.Error()
		return
	}
	defer response.Body.Close()
	offer, err := io.ReadAll(response.Body)
	if err != nil {
		offer = []byte(err.Error())
	}
	offers <- string(offer) // want LK001
}
