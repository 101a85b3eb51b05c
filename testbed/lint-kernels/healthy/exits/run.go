package exits

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run calls what the package has, and returns when all of it is done.
func Run() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	defer shared.CloseIdleConnections()
	url := backend.Answering()
	page(ctx, url)
	attached(ctx, url)
	if req, err := request(url); err == nil {
		sent(ctx, req)
	}
	if d, err := newDownload(ctx, url); err == nil {
		io.Copy(io.Discard, d)
		d.Close()
	}
	open(ctx, url+"/missing")
	emptied(ctx, url)
	guardedClose(ctx, url)
	tries(ctx, []string{url + "/missing", url})
	if c, err := wrapped(ctx, url); err == nil {
		io.Copy(io.Discard, c)
		c.Close()
	}
	newBounded().get(ctx, url)
	configured(http.NotFoundHandler()).Close()
	streaming(http.NotFoundHandler()).Close()
	backend.Ask(accepted(func(context.Context, string) error { return nil }), "/?name=a", time.Second)
	side := func(context.Context) string { return "a" }
	backend.Ask(joined(side, side), "/", time.Second)
	runConns(ctx)
	runRows(ctx)
}

func runConns(ctx context.Context) {
	here, there := net.Pipe()
	s := newSession(here)
	fmt.Fprintln(there, "hello")
	s.close()
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		fmt.Fprintln(far, "hello")
	}()
	deadlines(near, time.Second, func(string) {})
	near.Close()
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	silent, _ := net.Pipe()
	untilDone(short, silent)
	if conn, err := dialled(ctx, backend.SilentAddr()); err == nil {
		withDeadline(short, conn)
		conn.Close()
	}
}

func runRows(ctx context.Context) {
	db := backend.Database(1)
	defer db.Close()
	count(ctx, db, "acme")
	count(ctx, db, "acme")
	inTransaction(ctx, db, func(*sql.Tx) error { return errors.New("taken") })
	inTransaction(ctx, db, func(*sql.Tx) error { return nil })
	migrate(db, []string{"create table orders"})
	committed(ctx, db, "update orders")
	one(ctx, db)
	collected(ctx, db)
}
