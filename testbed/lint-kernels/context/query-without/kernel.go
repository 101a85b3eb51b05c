// Package kernel lists the orders of a customer; the query knows nothing of the request.
package kernel

import (
	"context"
	"database/sql"
)

type orders struct {
	db *sql.DB
}

func (o *orders) list(ctx context.Context, customer string) ([]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows, err := o.db.Query("slow select id from orders where customer = $1", customer) // want CX004; stuck
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
