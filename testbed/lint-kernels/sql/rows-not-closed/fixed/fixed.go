// Package fixed finds the first free table and closes the rows that it did not read.
package fixed

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
	rows, err := r.db.QueryContext(ctx, "select id from tables where guest is null")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			return 0, err
		}
		if id > 0 {
			return id, nil
		}
	}
	return 0, errors.Join(rows.Err(), errFull)
}
