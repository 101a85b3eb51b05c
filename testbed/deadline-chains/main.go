// Command deadline-chains is a small shop: what becomes of deadlines between its doors and what it asks of others.
//
// `// sink KIND ENTRY: STATE…` stands at a call that leaves the process: a chain from the function ENTRY ends there, with these states, one a
// call.
package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"github.com/goherd/goherd/testbed/deadline-chains/prices"
	"github.com/goherd/goherd/testbed/deadline-chains/service"
	"github.com/goherd/goherd/testbed/deadline-chains/stock"
	"github.com/goherd/goherd/testbed/deadline-chains/store"
)

type server struct {
	stock.UnimplementedStockServer
	shop   *service.Shop
	orders *store.Orders
	prices *prices.Client
}

func main() {
	s := &server{shop: &service.Shop{}, orders: &store.Orders{}, prices: &prices.Client{HTTP: &http.Client{}}}
	s.shop.Orders = s.orders
	go func() {
		for range time.Tick(time.Hour) {
			if err := s.orders.Archive(); err != nil {
				fmt.Println(err)
			}
		}
	}()
	mux := http.NewServeMux()
	mux.HandleFunc("/orders", s.list)
	mux.HandleFunc("/price", s.price)
	mux.HandleFunc("/left", s.left)
	web := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: time.Second}
	fmt.Println(web.ListenAndServe())
}

func register(r grpc.ServiceRegistrar, s *server) {
	stock.RegisterStockServer(r, s)
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	customer := r.FormValue("customer")
	if err := s.rows(ctx, customer); err != nil {
		http.Error(w, err.Error(), http.StatusGatewayTimeout)
	}
	if err := s.shop.Looked(ctx, customer); err != nil {
		fmt.Println(err)
	}
}

func (s *server) rows(ctx context.Context, customer string) error {
	rows, err := s.orders.Of(ctx, customer)
	if err != nil {
		return err
	}
	return rows.Close()
}

func (s *server) price(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.prices.Price(ctx, r.FormValue("item")); err != nil {
		fmt.Fprintln(w, s.prices.Refresh(r.FormValue("item")))
	}
}

func (s *server) left(w http.ResponseWriter, r *http.Request) {
	left, err := s.shop.Left(r.Context(), r.FormValue("item"))
	fmt.Fprintln(w, left, err)
}

// Units answers over gRPC: the price is asked with more time than the answer has.
func (s *server) Units(ctx context.Context, in *stock.Item) (*stock.Count, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return &stock.Count{}, s.asked(ctx, in.Name)
}

func (s *server) asked(ctx context.Context, item string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return s.prices.Price(ctx, item)
}
