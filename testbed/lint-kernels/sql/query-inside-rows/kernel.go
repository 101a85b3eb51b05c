// Package kernel deletes expired tokens while it reads which they are: a second connection with the first in hand.
package kernel

import (
	"context"
	"database/sql"
)

type tokens struct {
	db *sql.DB
}

func (t *tokens) expire(ctx context.Context) error {
	rows, err := t.db.QueryContext(ctx, "select id from tokens where expires < now()") // via
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			return err
		}
		if err := t.delete(ctx, id); err != nil { // want DL009|DL001; stuck
			return err
		}
	}
	return rows.Err()
}

func (t *tokens) delete(ctx context.Context, id int) error {
	_, err := t.db.ExecContext(ctx, "delete from tokens where id = $1", id) // via; stuck
	return err
}
