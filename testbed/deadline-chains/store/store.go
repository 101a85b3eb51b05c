// Package store keeps orders in a database.
package store

import (
	"context"
	"database/sql"
	"time"
)

// Orders are kept by customer.
type Orders struct{ DB *sql.DB }

// Of lists the orders of a customer.
func (o *Orders) Of(ctx context.Context, customer string) (*sql.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return o.DB.QueryContext(ctx, "select id from orders where customer = $1", customer) // sink sql list: inherited inherited bounded
}

// Archive moves old orders away, with the time it takes.
func (o *Orders) Archive() error {
	_, err := o.DB.ExecContext(context.Background(), "insert into archive select * from orders") // sink sql main: lost lost
	return err
}

// Audit records who looked; the record must be written even if the caller has gone.
func (o *Orders) Audit(ctx context.Context, customer string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_, err := o.DB.ExecContext(ctx, "insert into audit values ($1)", customer) // sink sql list: inherited inherited fresh
	return err
}
