package fixed

import (
	"context"
	"errors"
)

// Run copies n tables into one that refuses the rows.
func Run(n int) {
	for range n {
		go copyRows(context.Background(), []row{{1}, {2}, {3}}, func(row) error { return errors.New("duplicate key") })
	}
}
