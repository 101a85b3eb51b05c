// Package store keeps orders in SQLite.
package store

import (
	"context"
	"database/sql"
	"time"

	_ "modernc.org/sqlite" // registers the driver
)

// Store is the orders table.
type Store struct {
	db *sql.DB
}

// Order is one row.
type Order struct {
	ID    int64  `json:"id"`
	SKU   string `json:"sku"`
	Cents int64  `json:"cents"`
	State string `json:"state"`
}

// Open creates the table when it is missing.
func Open(ctx context.Context, path string) (*Store, error) {
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	db.SetConnMaxIdleTime(time.Minute)
	const table = `create table if not exists orders (id integer primary key, sku text, cents integer, state text)`
	if _, err := db.ExecContext(ctx, table); err != nil {
		return nil, err
	}
	return &Store{db: db}, nil
}

// Close closes the pool.
func (s *Store) Close() error { return s.db.Close() }

// Add stores a new order.
func (s *Store) Add(ctx context.Context, sku string, cents int64) (int64, error) {
	result, err := s.db.ExecContext(ctx, `insert into orders (sku, cents, state) values (?, ?, 'placed')`, sku, cents)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// SetState moves an order on.
func (s *Store) SetState(ctx context.Context, id int64, state string) error {
	_, err := s.db.ExecContext(ctx, `update orders set state = ? where id = ?`, state, id)
	return err
}

// Latest lists the newest orders.
func (s *Store) Latest(ctx context.Context, most int) ([]Order, error) {
	rows, err := s.db.QueryContext(ctx, `select id, sku, cents, state from orders order by id desc limit ?`, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var orders []Order
	for rows.Next() {
		var order Order
		if err := rows.Scan(&order.ID, &order.SKU, &order.Cents, &order.State); err != nil {
			return nil, err
		}
		orders = append(orders, order)
	}
	return orders, rows.Err()
}
