// Pricing streams prices, a line of JSON each, to whoever connects.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"orders/internal/pricing"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "loopback address")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(stream)))
}

func stream(w http.ResponseWriter, r *http.Request) {
	lines := json.NewEncoder(w)
	for r.Context().Err() == nil {
		update := pricing.Update{SKU: fmt.Sprintf("sku-%02d", rand.IntN(20)), Cents: 100 + rand.Int64N(9_900)}
		if err := lines.Encode(update); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
