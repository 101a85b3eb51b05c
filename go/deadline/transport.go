// The client side: what is left of the deadline goes into the headers.

package deadline

import (
	"net/http"
	"time"
)

// Transport writes the time left, less the Margin, into the headers of each
// call whose context has a deadline, and passes it to base; nil means
// http.DefaultTransport. When no more than the Margin is left it sends the
// smallest time the header can hold, so that the callee need not start. A
// header that is there already is kept when it asks for less. The deadline
// itself is the transport's business as before: nothing is cancelled here.
//
// A call below a request that has a deadline is counted when it has none
// (Lost) or a later one (Widened).
func (c *Chain) Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	if c == nil {
		return base
	}
	return &transport{c, base}
}

type transport struct {
	chain *Chain
	base  http.RoundTripper
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	at, bounded := t.chain.observe(r)
	if bounded {
		r = t.chain.write(r, time.Until(at))
	}
	return t.base.RoundTrip(r)
}

// CloseIdleConnections lets http.Client reach the base's connections.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// observe counts what became of the request's deadline on the way to the call.
func (c *Chain) observe(r *http.Request) (at time.Time, bounded bool) {
	at, bounded = r.Context().Deadline()
	above, _ := r.Context().Value(Key{}).(*time.Time)
	switch {
	case above != nil && !bounded:
		c.counts.lost.Add(1)
	case above != nil && at.After(*above):
		c.counts.widened.Add(1)
	case !bounded:
		c.counts.unbounded.Add(1)
	}
	return at, bounded
}

// write returns a copy of r, as a RoundTripper must not change the request it
// was given.
func (c *Chain) write(r *http.Request, left time.Duration) *http.Request {
	send := c.Send
	if send == nil {
		send = defaultSend
	}
	left = max(1, left-max(0, c.Margin))
	var out *http.Request
	for i := range send {
		h := &send[i]
		if h.Format == nil || h.less(r.Header, left) {
			continue
		}
		if out == nil {
			shallow := *r
			out = &shallow
			out.Header = make(http.Header, len(r.Header)+len(send))
			for k, v := range r.Header {
				out.Header[k] = v
			}
		}
		out.Header[h.Name] = []string{h.Format(left)}
	}
	if out == nil {
		return r
	}
	c.counts.sent.Add(1)
	return out
}

// less reports whether the header is there already and asks for no more than
// left.
func (h *Header) less(in http.Header, left time.Duration) bool {
	values := in[h.Name]
	if len(values) != 1 || h.Parse == nil {
		return false
	}
	d, err := h.Parse(values[0])
	return err == nil && d >= 0 && d <= left
}
