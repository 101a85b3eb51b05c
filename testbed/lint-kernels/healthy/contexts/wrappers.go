package contexts

import "context"

// traced is itself a context: it has to hold the one it wraps.
type traced struct {
	context.Context
	id string
}

type traceKey struct{}

func (t traced) Value(key any) any {
	if key == (traceKey{}) {
		return t.id
	}
	return t.Context.Value(key)
}

// call carries its context as http.Request does: it lives as long as the call.
type call struct {
	ctx    context.Context
	method string
}

func (c *call) context() context.Context {
	return c.ctx
}

func (c *call) withContext(ctx context.Context) *call {
	derived := *c
	derived.ctx = ctx
	return &derived
}

func do(ctx context.Context, c *call, send func(*call) error) error {
	return send(c.withContext(traced{ctx, c.method}))
}
