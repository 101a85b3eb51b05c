// Package kernel books a room in a transaction; a room that is taken leaves the transaction open.
package kernel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

type hotel struct {
	db    *sql.DB
	taken func(room int) bool
}

func (h *hotel) book(ctx context.Context, room int) error {
	tx, err := h.db.BeginTx(ctx, nil) // via; stuck
	if err != nil {
		return err
	}
	if h.taken(room) {
		return fmt.Errorf("room %d is taken", room) // want DL006|LK009|DL009
	}
	if _, err := tx.ExecContext(ctx, "update rooms set guest = 1 where id = $1", room); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
