// Package kernel answers with the stock of an item; below the handler the context begins anew.
package kernel

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
)

type stock struct {
	db *sql.DB
}

func (s *stock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	units, err := s.units(context.Background(), r.FormValue("item")) // want CX001; stuck
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintln(w, units)
}

func (s *stock) units(ctx context.Context, item string) (int, error) {
	var units int
	err := s.db.QueryRowContext(ctx, "slow select units from stock where item = $1", item).Scan(&units) // via; stuck
	return units, err
}
