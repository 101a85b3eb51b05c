// Package kernel books hotel rooms; the time that a booking has ends at the door of the database.
package kernel

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"
)

type hotel struct {
	rooms rooms
}

type rooms struct {
	db *sql.DB
}

// Run makes n bookings of a tenth of a second at a database that does not answer.
func Run(n int) {
	h := &hotel{rooms: rooms{db: sql.OpenDB(silent{})}}
	for guest := 0; guest < n; guest++ {
		go h.book(context.Background(), "404")
	}
}

func (h *hotel) book(ctx context.Context, room string) error {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	return h.rooms.reserve(ctx, room)
}

func (r rooms) reserve(ctx context.Context, room string) error {
	_, err := r.db.ExecContext(context.WithoutCancel(ctx), "update rooms set free = false where id = $1", room) // want TO001
	return err
}

// silent is a database to which no connection comes about.
type silent struct{}

func (silent) Connect(ctx context.Context) (driver.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (silent) Driver() driver.Driver { return silent{} }

func (silent) Open(string) (driver.Conn, error) { return nil, errors.ErrUnsupported }
