//go:build go1.27

// From Go 1.27 on rows may scan by themselves; database/sql then no longer
// calls Next, so the interface is there only where the driver has it.

package herdsql

import (
	"database/sql/driver"

	"github.com/goherd/goherd/go/canceltrace"
)

type rowsScanner struct {
	*rows
	scanner driver.RowsColumnScanner
}

func (r *rowsScanner) NextRow() error { return r.scanner.NextRow() }

func (r *rowsScanner) ScanColumn(ctx driver.ScanContext, index int, dest any) error {
	return r.scanner.ScanColumn(ctx, index, dest)
}

func wrapRows(raw driver.Rows, w *canceltrace.Watched) driver.Rows {
	r := &rows{raw, w}
	if s, ok := raw.(driver.RowsColumnScanner); ok {
		return &rowsScanner{r, s}
	}
	return r
}
