// Package storage reads documents from a database.
package storage

import (
	"context"
	"database/sql"
)

// Documents are read by name.
type Documents struct {
	DB *sql.DB
}

// Read reads one document.
func (d *Documents) Read(name string) (string, error) {
	return d.read(context.Background(), name) // want CX001; stuck
}

func (d *Documents) read(ctx context.Context, name string) (string, error) {
	var text string
	err := d.DB.QueryRowContext(ctx, "slow select text from documents where name = $1", name).Scan(&text) // via; stuck
	return text, err
}
