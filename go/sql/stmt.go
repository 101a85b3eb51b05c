// A statement: ColumnConverter only where the driver has it, as it replaces
// database/sql's own conversion.

package herdsql

//lint:file-ignore SA1019 old drivers have nothing but the deprecated interfaces

import (
	"context"
	"database/sql/driver"
)

type stmt struct {
	driver.Stmt
	conn *conn
}

type stmtConverter struct {
	*stmt
	converter driver.ColumnConverter
}

func (s *stmtConverter) ColumnConverter(i int) driver.ValueConverter {
	return s.converter.ColumnConverter(i)
}

func wrapStmt(raw driver.Stmt, c *conn) driver.Stmt {
	s := &stmt{raw, c}
	if cc, ok := raw.(driver.ColumnConverter); ok {
		return &stmtConverter{s, cc}
	}
	return s
}

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	w := s.conn.watch.begin(ctx, "exec")
	defer w.End()
	if x, ok := s.Stmt.(driver.StmtExecContext); ok {
		return x.ExecContext(ctx, args)
	}
	plain, err := positional(ctx, args)
	if err != nil {
		return nil, err
	}
	return s.Stmt.Exec(plain)
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	w := s.conn.watch.begin(ctx, "query")
	if x, ok := s.Stmt.(driver.StmtQueryContext); ok {
		return watched(w)(x.QueryContext(ctx, args))
	}
	plain, err := positional(ctx, args)
	if err != nil {
		w.End()
		return nil, err
	}
	return watched(w)(s.Stmt.Query(plain))
}

// CheckNamedValue asks the statement, else the connection: that is the order
// in which database/sql looks for it.
func (s *stmt) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := s.Stmt.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return s.conn.CheckNamedValue(v)
}
