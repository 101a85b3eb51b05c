// Package fixed lists the orders of a customer and lets the query end with the request.
package fixed

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
	rows, err := o.db.QueryContext(ctx, "slow select id from orders where customer = $1", customer)
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
