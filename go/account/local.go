// The default rule of who is answered.

package account

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// forwarded is headers by which a proxy speaks for somebody else.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"}

// Local is the default rule. It lets in requests over a Unix socket, and those that come from a loopback
// address, were sent to one (by number, or as localhost: a page in a browser that was led here by its own name
// in the DNS sends another Host), and bear no word of a proxy. A proxy on this machine that adds no such header
// makes all its clients look local: behind one, use WithAuth.
func Local(r *http.Request) bool {
	for _, h := range forwarded {
		if len(r.Header[h]) > 0 {
			return false
		}
	}
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && addr.Network() == "unix" {
		return true
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback() && loopbackName(r.Host)
}

func loopbackName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
