//go:build !go1.27

// Before Go 1.27 all rows are read by Next.

package herdsql

import (
	"database/sql/driver"

	"github.com/goherd/goherd/go/canceltrace"
)

func wrapRows(raw driver.Rows, w *canceltrace.Watched) driver.Rows { return &rows{raw, w} }
