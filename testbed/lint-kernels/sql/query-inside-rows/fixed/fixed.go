// Package fixed deletes expired tokens after it has read which they are.
package fixed

import (
	"context"
	"database/sql"
)

type tokens struct {
	db *sql.DB
}

func (t *tokens) expire(ctx context.Context) error {
	rows, err := t.db.QueryContext(ctx, "select id from tokens where expires < now()")
	if err != nil {
		return err
	}
	defer rows.Close()
	var expired []int
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			return err
		}
		expired = append(expired, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, id := range expired {
		if err := t.delete(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (t *tokens) delete(ctx context.Context, id int) error {
	_, err := t.db.ExecContext(ctx, "delete from tokens where id = $1", id)
	return err
}
