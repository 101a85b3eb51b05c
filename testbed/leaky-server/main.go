// Leaky-server is a live target with a pprof address on loopback that leaks, or does not, in a chosen way.
//
// Its first line on stdout is the address it listens on: host:port, or the path of a unix socket.
// It uses the standard library only, so that it builds in seconds on a fresh machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "leaky-server:", err)
		os.Exit(1)
	}
}

type options struct {
	listen, unix        string
	leak                string
	count, most         int
	rate                float64
	prefix              string
	basicAuth, bearer   string
	tls                 bool
	certOut             string
	lifetime            time.Duration
	untilStdinCloses    bool
	delay               time.Duration
	withoutPprof        bool
	goroutineProfileOff bool
}

func run() error {
	opt := parseFlags()
	leak, known := kinds[opt.leak]
	if !known {
		return fmt.Errorf("unknown -leak %q; one of: %s", opt.leak, kindNames())
	}
	listener, err := listen(opt)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if opt.lifetime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opt.lifetime)
		defer cancel()
	}
	if opt.untilStdinCloses {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}

	server := &http.Server{Handler: pprofHandler(opt), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	// Leaks that are made at once are in place before the address is printed: a test may look as soon as it knows where.
	for range opt.count {
		leak()
	}
	settle()
	fmt.Println(printable(listener.Addr()))

	if opt.rate > 0 {
		go leakAt(ctx, opt.rate, opt.most-opt.count, leak)
	}
	select {
	case <-ctx.Done():
		return server.Close()
	case err := <-served:
		return err
	}
}

func parseFlags() options {
	var opt options
	flag.StringVar(&opt.listen, "listen", "127.0.0.1:0", "loopback address to listen on")
	flag.StringVar(&opt.unix, "unix", "", "listen on this unix socket instead")
	flag.StringVar(&opt.leak, "leak", "none", "what to leak: "+kindNames())
	flag.IntVar(&opt.count, "count", 0, "goroutines to leak at once, before the address is printed")
	flag.Float64Var(&opt.rate, "rate", 0, "goroutines to leak per second afterwards")
	flag.IntVar(&opt.most, "max", 20_000, "stop leaking at this many")
	flag.StringVar(&opt.prefix, "prefix", "/debug", "profiles are served under PREFIX/pprof/")
	flag.StringVar(&opt.basicAuth, "basic-auth", "", "demand USER:PASSWORD")
	flag.StringVar(&opt.bearer, "bearer", "", "demand this bearer token")
	flag.BoolVar(&opt.tls, "tls", false, "serve TLS with a certificate made at start for 127.0.0.1, ::1 and localhost")
	flag.StringVar(&opt.certOut, "cert-out", "", "with -tls, write the certificate (PEM) to this file")
	flag.DurationVar(&opt.lifetime, "for", 10*time.Minute, "exit after this time; 0 means never")
	flag.BoolVar(&opt.untilStdinCloses, "until-stdin-closes", false, "exit when stdin reaches its end")
	flag.DurationVar(&opt.delay, "delay", 0, "answer profile requests this much later")
	flag.BoolVar(&opt.withoutPprof, "no-pprof", false, "answer 404 under the profile path")
	flag.BoolVar(&opt.goroutineProfileOff, "no-leak-profile", false, "hide the runtime's goroutineleak profile")
	flag.Parse()
	return opt
}

func listen(opt options) (net.Listener, error) {
	listener, err := plainListener(opt)
	if err != nil || !opt.tls {
		return listener, err
	}
	return withTLS(listener, opt.certOut)
}

func plainListener(opt options) (net.Listener, error) {
	if opt.unix != "" {
		return net.Listen("unix", opt.unix)
	}
	host, _, err := net.SplitHostPort(opt.listen)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("-listen %s is not a loopback address", opt.listen)
	}
	return net.Listen("tcp", opt.listen)
}

func printable(addr net.Addr) string {
	return strings.TrimSpace(addr.String())
}

// leakAt leaks at a steady rate. It counts against the clock, so a slow machine catches up.
func leakAt(ctx context.Context, rate float64, most int, leak func()) {
	start := time.Now()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for leaked := 0; leaked < most; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			due := min(int(time.Since(start).Seconds()*rate), most)
			for ; leaked < due; leaked++ {
				leak()
			}
		}
	}
}
