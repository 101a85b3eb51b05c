// Package backend is what the kernels talk to: servers that answer, servers that never do, and a database that takes its time.
package backend

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Ask serves one request whose context ends after the time given.
func Ask(handler http.Handler, path string, within time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	handler.ServeHTTP(httptest.NewRecorder(), request)
}

// Silent is the URL of a server that takes connections and never answers.
func Silent() string {
	return "http://" + SilentAddr()
}

// SilentAddr is the address of a server that takes connections and never reads or writes: nothing accepts, the kernel of the system
// completes the handshake.
func SilentAddr() string {
	return silent().Addr().String()
}

var silent = sync.OnceValue(func() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return listener
})

// Answering is the URL of a server that answers with a few bytes; paths that begin with /missing get 404.
func Answering() string {
	return answering().URL
}

var answering = sync.OnceValue(func() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/missing") {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, strings.Repeat("answer ", 100))
	}))
})

// Database is a database with as many connections as given. A statement that begins with "slow" ends only with its context.
func Database(connections int) *sql.DB {
	db := sql.OpenDB(connector{})
	db.SetMaxOpenConns(connections)
	return db
}

type connector struct{}

func (connector) Connect(context.Context) (driver.Conn, error) { return conn{}, nil }
func (connector) Driver() driver.Driver                        { return nil }

type conn struct{}

func (conn) Prepare(string) (driver.Stmt, error) { return nil, errors.New("no prepared statements") }
func (conn) Close() error                        { return nil }
func (conn) Begin() (driver.Tx, error)           { return transaction{}, nil }

func (conn) QueryContext(ctx context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	if strings.HasPrefix(query, "slow") {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return &rows{left: 3}, nil
}

func (conn) ExecContext(ctx context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	if strings.HasPrefix(query, "slow") {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return driver.RowsAffected(1), nil
}

type transaction struct{}

func (transaction) Commit() error   { return nil }
func (transaction) Rollback() error { return nil }

type rows struct{ left int }

func (*rows) Columns() []string { return []string{"id"} }
func (*rows) Close() error      { return nil }

func (r *rows) Next(into []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	into[0] = int64(r.left)
	r.left--
	return nil
}
