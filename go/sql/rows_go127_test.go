//go:build go1.27

// Rows that scan by themselves keep doing so behind the wrapper.

package herdsql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"testing"

	"github.com/goherd/goherd/go/canceltrace"
	herdsql "github.com/goherd/goherd/go/sql"
)

type scanConnector struct{}

func (scanConnector) Connect(context.Context) (driver.Conn, error) {
	return scanConn{&bare{&connector{said: &said{}}}}, nil
}
func (scanConnector) Driver() driver.Driver { return nil }

type scanConn struct{ *bare }

func (scanConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &scanRows{rows: &rows{said: &said{}}}, nil
}

type scanRows struct {
	*rows
	n int
}

func (r *scanRows) NextRow() error {
	if r.n++; r.n > 1 {
		return io.EOF
	}
	return nil
}

func (r *scanRows) ScanColumn(_ driver.ScanContext, _ int, dest any) error {
	*dest.(*string) = "scanned by the driver"
	return nil
}

func TestRowsThatScan(t *testing.T) {
	db := sql.OpenDB(herdsql.Wrap(scanConnector{}, "test", new(canceltrace.Tracer)))
	defer db.Close()
	var got string
	if err := db.QueryRowContext(t.Context(), "q").Scan(&got); err != nil || got != "scanned by the driver" {
		t.Fatalf("%q, %v", got, err)
	}
}
