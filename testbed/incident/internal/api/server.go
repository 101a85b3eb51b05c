// Package api is the HTTP interface of the order service.
package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"orders/internal/audit"
	"orders/internal/fulfil"
	"orders/internal/pricing"
	"orders/internal/store"
)

// Server answers the customers.
type Server struct {
	Orders  *store.Store
	Prices  *pricing.Stream
	Audit   *audit.Logger
	Fulfil  *fulfil.Pool
	Release Release
}

// Release holds the switches a deploy turns on.
type Release struct {
	// LiveQuotes lets a quote outlive the request that asked for it.
	LiveQuotes atomic.Bool
	// FastCancel answers a cancellation without waiting for the audit log.
	FastCancel atomic.Bool
}

// Routes is the handler of the whole interface.
func (s *Server) Routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", s.createOrder)
	mux.HandleFunc("GET /orders", s.listOrders)
	mux.HandleFunc("DELETE /orders/{id}", s.cancelOrder)
	mux.HandleFunc("GET /events", s.events)
	return mux
}

func (s *Server) createOrder(w http.ResponseWriter, r *http.Request) {
	quote := s.Prices.Follow(s.quoteContext(r), r.URL.Query().Get("sku"))
	id, err := s.Orders.Add(r.Context(), quote.SKU, quote.Cents())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if err := <-s.Audit.Record(id, "placed"); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if !s.Fulfil.Submit(id) {
		slog.Warn("fulfilment queue is full", "order", id)
	}
	w.Header().Set("Location", fmt.Sprintf("/orders/%d", id))
	w.WriteHeader(http.StatusCreated)
}

// quoteContext is the fault of the release: nothing ends the background context, and nobody closes the quote.
func (s *Server) quoteContext(r *http.Request) context.Context {
	if s.Release.LiveQuotes.Load() {
		return context.Background()
	}
	return r.Context()
}

func (s *Server) cancelOrder(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.Error(w, "no such order", http.StatusNotFound)
		return
	}
	if err := s.Orders.SetState(r.Context(), id, "cancelled"); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	written := s.Audit.Record(id, "cancelled")
	if !s.Release.FastCancel.Load() {
		if err := <-written; err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) listOrders(w http.ResponseWriter, r *http.Request) {
	orders, err := s.Orders.Latest(r.Context(), 20)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(orders); err != nil {
		slog.Warn("list orders", "error", err)
	}
}

// events is a stream of server-sent events, one every two seconds until the customer goes.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	ticker := time.NewTicker(2 * time.Second)
	defer ticker.Stop()
	for {
		if _, err := fmt.Fprintf(w, "data: %d\n\n", time.Now().Unix()); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
		}
	}
}
