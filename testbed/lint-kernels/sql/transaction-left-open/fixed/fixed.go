// Package fixed books a room in a transaction that is rolled back on every way out but one.
package fixed

import (
	"context"
	"database/sql"
	"fmt"
)

type hotel struct {
	db    *sql.DB
	taken func(room int) bool
}

func (h *hotel) book(ctx context.Context, room int) error {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if h.taken(room) {
		return fmt.Errorf("room %d is taken", room)
	}
	if _, err := tx.ExecContext(ctx, "update rooms set guest = 1 where id = $1", room); err != nil {
		return err
	}
	return tx.Commit()
}
