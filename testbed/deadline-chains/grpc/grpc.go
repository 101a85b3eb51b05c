// Package grpc declares what generated clients and servers name, so that the program builds without the module.
package grpc

import "context"

// CallOption is given to calls.
type CallOption interface{ before() }

// ClientConnInterface is what generated clients call.
type ClientConnInterface interface {
	Invoke(ctx context.Context, method string, request, reply any, options ...CallOption) error
}

// ServiceRegistrar is what generated servers are registered with.
type ServiceRegistrar interface{ RegisterService(server any) }
