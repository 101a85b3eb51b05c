// Package fixed checks a login and passes the caller's context down to the lookup.
package fixed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

var errDenied = errors.New("denied")

type accounts struct {
	db *sql.DB
}

func (a *accounts) login(ctx context.Context, user, password string) error {
	if user == "" {
		return errDenied
	}
	hash, err := a.hash(ctx, user)
	if err != nil {
		return fmt.Errorf("login of %s: %w", user, err)
	}
	if hash != password {
		return errDenied
	}
	return ctx.Err()
}

func (a *accounts) hash(ctx context.Context, user string) (string, error) {
	row := a.db.QueryRowContext(ctx, "slow select hash from accounts where name = $1", user)
	var hash string
	return hash, row.Scan(&hash)
}
