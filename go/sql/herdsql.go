// Package herdsql brings goherd's module to database/sql: it wraps a driver so
// that a query whose context is cancelled while it runs is reported, with the
// cause.
//
//	db := sql.OpenDB(herdsql.Wrap(connector, "postgres", tracer))
//
// A query runs until its rows are closed, which database/sql does by itself
// when the last one has been read. The event's handler is the operation
// (query, exec, prepare, begin, ping, connect), never the text of the query.
//
// # Cost
//
// A query costs one context.AfterFunc and one small context (BenchmarkQuery).
//
// # Limits
//
// database/sql asks a connection, a statement and rows which optional
// interfaces they have. The wrapper has exactly those that change what
// database/sql does, and answers for the others as database/sql itself does
// where the driver has not got them. What sql.Conn.Raw gives is the wrapper:
// [Unwrap] returns the driver's connection. A transaction whose context ends
// between two queries is not reported, nor is a context that ends while its
// query waits for a free connection: no driver is told of either.
package herdsql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"

	"github.com/goherd/goherd/go/canceltrace"
)

// Wrap watches the queries made through c. name is what the event's protocol
// says. A nil tracer gives c back.
func Wrap(c driver.Connector, name string, t *canceltrace.Tracer) driver.Connector {
	if t == nil || c == nil {
		return c
	}
	return &connector{c, watch{t, name}}
}

// Open is sql.Open for a registered driver, watched.
func Open(name, dsn string, t *canceltrace.Tracer) (*sql.DB, error) {
	plain, err := sql.Open(name, dsn)
	if err != nil || t == nil {
		return plain, err
	}
	// sql.Open makes no connection: it only finds the driver.
	d := plain.Driver()
	if err := plain.Close(); err != nil {
		return nil, err
	}
	dc, ok := d.(driver.DriverContext)
	if !ok {
		return sql.OpenDB(Wrap(dsnConnector{d, dsn}, name, t)), nil
	}
	c, err := dc.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(Wrap(c, name, t)), nil
}

// Unwrap returns the driver's own connection for what [sql.Conn.Raw] gives,
// and anything else as it is.
func Unwrap(driverConn any) any {
	if c, ok := driverConn.(interface{ unwrap() driver.Conn }); ok {
		return c.unwrap()
	}
	return driverConn
}

// watch begins operations.
type watch struct {
	tracer *canceltrace.Tracer
	name   string
}

func (w watch) begin(ctx context.Context, operation string) *canceltrace.Watched {
	return w.tracer.Watch(ctx, canceltrace.Operation{Kind: canceltrace.SQL, Protocol: w.name, Handler: operation})
}

type connector struct {
	driver.Connector
	watch watch
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	w := c.watch.begin(ctx, "connect")
	defer w.End()
	raw, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return wrapConn(raw, c.watch), nil
}

// Close is called by sql.DB.Close.
func (c *connector) Close() error {
	if closer, ok := c.Connector.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// dsnConnector is for drivers that know no connectors.
type dsnConnector struct {
	driver driver.Driver
	dsn    string
}

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c dsnConnector) Driver() driver.Driver                        { return c.driver }
