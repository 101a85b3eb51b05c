// Package kernel finds the first free table and leaves the rows that it did not read, and with them a connection.
package kernel

import (
	"context"
	"database/sql"
	"errors"
)

type restaurant struct {
	db *sql.DB
}

var errFull = errors.New("no table is free")

func (r *restaurant) freeTable(ctx context.Context) (int, error) {
	rows, err := r.db.QueryContext(ctx, "select id from tables where guest is null") // via; stuck
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			return 0, err
		}
		if id > 0 {
			return id, nil // want LK009|DL009
		}
	}
	return 0, errFull
}
