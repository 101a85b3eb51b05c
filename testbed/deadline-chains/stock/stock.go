// Package stock has the shape of a generated client and server.
package stock

import (
	"context"

	"google.golang.org/grpc"
)

// Item names what is asked for.
type Item struct{ Name string }

// Count is the answer.
type Count struct{ Units int }

// StockClient asks how much there is.
type StockClient interface {
	Units(ctx context.Context, in *Item, opts ...grpc.CallOption) (*Count, error)
}

// StockServer answers.
type StockServer interface {
	Units(ctx context.Context, in *Item) (*Count, error)
}

// UnimplementedStockServer is embedded by servers.
type UnimplementedStockServer struct{}

// RegisterStockServer registers a server.
func RegisterStockServer(r grpc.ServiceRegistrar, server StockServer) { r.RegisterService(server) }
