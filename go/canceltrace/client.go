// The RoundTripper: a call runs until its response's body has been read or
// closed.

package canceltrace

import (
	"io"
	"net/http"
)

// Transport watches the context of each call until the response's body is
// read to its end or closed, or the call fails; nil means
// http.DefaultTransport. The event's handler is the host called. A body that
// is never closed is watched as long as its context lives. A switched protocol
// (status 101) is not watched.
func (t *Tracer) Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	if t == nil {
		return base
	}
	return &transport{t, base}
}

type transport struct {
	tracer *Tracer
	base   http.RoundTripper
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	op := Operation{Kind: HTTPClient}
	if r.URL != nil {
		op.Handler = r.URL.Host
	}
	if values := r.Header["Traceparent"]; len(values) == 1 {
		op.Traceparent = values[0]
	}
	w := t.tracer.Watch(r.Context(), op)
	resp, err := t.base.RoundTrip(r)
	if err != nil || resp == nil || resp.Body == nil || resp.Body == http.NoBody ||
		resp.StatusCode == http.StatusSwitchingProtocols {
		w.End()
		return resp, err
	}
	resp.Body = &body{resp.Body, w}
	return resp, nil
}

// CloseIdleConnections lets http.Client reach the base's connections.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

type body struct {
	io.ReadCloser
	watched *Watched
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.watched.End()
	}
	return n, err
}

func (b *body) Close() error {
	b.watched.End()
	return b.ReadCloser.Close()
}
