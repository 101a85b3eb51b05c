package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"strings"
	"time"
)

// pprofHandler mounts the runtime's profiles under PREFIX/pprof/, behind the credentials asked for.
func pprofHandler(opt options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("leaky-server\n"))
	})
	if !opt.withoutPprof {
		mountProfiles(mux, opt)
	}
	return guarded(mux, opt)
}

func mountProfiles(mux *http.ServeMux, opt options) {
	base := strings.TrimSuffix(opt.prefix, "/") + "/pprof/"
	// pprof.Index knows its own path only, so the request is shown to it under that one.
	index := func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, base)
		if opt.goroutineProfileOff && name == "goroutineleak" {
			http.NotFound(w, r)
			return
		}
		time.Sleep(opt.delay)
		shown := r.Clone(r.Context())
		shown.URL.Path = "/debug/pprof/" + name
		pprof.Index(w, shown)
	}
	mux.HandleFunc(base, index)
	mux.HandleFunc(base+"cmdline", pprof.Cmdline)
	mux.HandleFunc(base+"profile", pprof.Profile)
	mux.HandleFunc(base+"symbol", pprof.Symbol)
	mux.HandleFunc(base+"trace", pprof.Trace)
}

func guarded(next http.Handler, opt options) http.Handler {
	if opt.basicAuth == "" && opt.bearer == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allowed(r, opt) {
			w.Header().Set("WWW-Authenticate", `Basic realm="profiles"`)
			http.Error(w, "unauthorised", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func allowed(r *http.Request, opt options) bool {
	if user, password, ok := r.BasicAuth(); ok && opt.basicAuth != "" {
		return same(user+":"+password, opt.basicAuth)
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && opt.bearer != "" && same(token, opt.bearer)
}

func same(got, want string) bool {
	return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

// withTLS wraps a listener with a fresh self-signed certificate and writes that to certOut when asked.
func withTLS(listener net.Listener, certOut string) (net.Listener, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "leaky-server"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	if certOut != "" {
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		if err := os.WriteFile(certOut, text, 0o644); err != nil {
			return nil, err
		}
	}
	certificate := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return tls.NewListener(listener, &tls.Config{
		Certificates: []tls.Certificate{certificate},
		NextProtos:   []string{"http/1.1"},
	}), nil
}
