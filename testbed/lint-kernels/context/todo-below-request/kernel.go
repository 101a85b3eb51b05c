// Package kernel checks a login; two calls below the request, a TODO stands in for its context.
package kernel

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
	hash, err := a.hash(user) // via; stuck
	if err != nil {
		return fmt.Errorf("login of %s: %w", user, err)
	}
	if hash != password {
		return errDenied
	}
	return ctx.Err()
}

func (a *accounts) hash(user string) (string, error) {
	row := a.db.QueryRowContext(context.TODO(), "slow select hash from accounts where name = $1", user) // want CX001|CX004; stuck
	var hash string
	return hash, row.Scan(&hash)
}
