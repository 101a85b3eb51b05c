// A connection: always the interfaces whose absence can be answered for, and
// ExecerContext and QueryerContext only where the driver has them, because
// database/sql converts arguments differently without.

package herdsql

//lint:file-ignore SA1019 old drivers have nothing but the deprecated interfaces

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/goherd/goherd/go/canceltrace"
)

type conn struct {
	driver.Conn
	watch watch
}

type (
	connExec struct {
		*conn
		execer
	}
	connQuery struct {
		*conn
		queryer
	}
	connExecQuery struct {
		*conn
		execer
		queryer
	}
	execer  struct{ on *conn }
	queryer struct{ on *conn }
)

func wrapConn(raw driver.Conn, w watch) driver.Conn {
	c := &conn{raw, w}
	exec, query := false, false
	switch raw.(type) {
	case driver.ExecerContext, driver.Execer:
		exec = true
	}
	switch raw.(type) {
	case driver.QueryerContext, driver.Queryer:
		query = true
	}
	switch {
	case exec && query:
		return &connExecQuery{c, execer{c}, queryer{c}}
	case exec:
		return &connExec{c, execer{c}}
	case query:
		return &connQuery{c, queryer{c}}
	}
	return c
}

func (c *conn) unwrap() driver.Conn { return c.Conn }

func (c *conn) Prepare(query string) (driver.Stmt, error) {
	raw, err := c.Conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	return wrapStmt(raw, c), nil
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	w := c.watch.begin(ctx, "prepare")
	defer w.End()
	if p, ok := c.Conn.(driver.ConnPrepareContext); ok {
		raw, err := p.PrepareContext(ctx, query)
		if err != nil {
			return nil, err
		}
		return wrapStmt(raw, c), nil
	}
	raw, err := c.Conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		raw.Close()
		return nil, err
	}
	return wrapStmt(raw, c), nil
}

func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	w := c.watch.begin(ctx, "begin")
	defer w.End()
	if b, ok := c.Conn.(driver.ConnBeginTx); ok {
		return b.BeginTx(ctx, opts)
	}
	if opts.Isolation != 0 {
		return nil, errors.New("sql: driver does not support non-default isolation level")
	}
	if opts.ReadOnly {
		return nil, errors.New("sql: driver does not support read-only transactions")
	}
	tx, err := c.Conn.Begin()
	if err == nil && ctx.Err() != nil {
		tx.Rollback()
		return nil, ctx.Err()
	}
	return tx, err
}

func (c *conn) Ping(ctx context.Context) error {
	p, ok := c.Conn.(driver.Pinger)
	if !ok {
		return nil
	}
	w := c.watch.begin(ctx, "ping")
	defer w.End()
	return p.Ping(ctx)
}

func (c *conn) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c *conn) IsValid() bool {
	if v, ok := c.Conn.(driver.Validator); ok {
		return v.IsValid()
	}
	return true
}

// CheckNamedValue says ErrSkip where the driver has no say, and database/sql
// goes on as if the method were not there.
func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := c.Conn.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (e execer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	w := e.on.watch.begin(ctx, "exec")
	defer w.End()
	if x, ok := e.on.Conn.(driver.ExecerContext); ok {
		return x.ExecContext(ctx, query, args)
	}
	plain, err := positional(ctx, args)
	if err != nil {
		return nil, err
	}
	return e.on.Conn.(driver.Execer).Exec(query, plain)
}

func (q queryer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	w := q.on.watch.begin(ctx, "query")
	if x, ok := q.on.Conn.(driver.QueryerContext); ok {
		return watched(w)(x.QueryContext(ctx, query, args))
	}
	plain, err := positional(ctx, args)
	if err != nil {
		w.End()
		return nil, err
	}
	return watched(w)(q.on.Conn.(driver.Queryer).Query(query, plain))
}

// watched ends the watch with the rows, or at once when there are none.
func watched(w *canceltrace.Watched) func(driver.Rows, error) (driver.Rows, error) {
	return func(raw driver.Rows, err error) (driver.Rows, error) {
		if err != nil || raw == nil {
			w.End()
			return raw, err
		}
		return wrapRows(raw, w), nil
	}
}

// positional is for drivers that take neither a context nor names.
func positional(ctx context.Context, args []driver.NamedValue) ([]driver.Value, error) {
	plain := make([]driver.Value, len(args))
	for i, a := range args {
		if a.Name != "" {
			return nil, errors.New("sql: driver does not support the use of Named Parameters")
		}
		plain[i] = a.Value
	}
	return plain, ctx.Err()
}
