package exits

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
)

// session reads without a deadline; whoever ends the session closes the connection, which ends the read.
type session struct {
	conn  net.Conn
	ended chan struct{}
	lines []string
}

func newSession(conn net.Conn) *session {
	s := &session{conn: conn, ended: make(chan struct{})}
	go s.read()
	return s
}

func (s *session) read() {
	defer close(s.ended)
	for in := bufio.NewScanner(s.conn); in.Scan(); {
		s.lines = append(s.lines, in.Text())
	}
}

func (s *session) close() error {
	err := s.conn.Close()
	<-s.ended
	return err
}

// untilDone closes the connection when the context ends.
func untilDone(ctx context.Context, conn net.Conn) (string, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	return bufio.NewReader(conn).ReadString('\n')
}

// withDeadline sets the deadline from the context.
func withDeadline(ctx context.Context, conn net.Conn) (string, error) {
	if at, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(at); err != nil {
			return "", err
		}
	}
	return bufio.NewReader(conn).ReadString('\n')
}

// dialled gives up with its context.
func dialled(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", address)
}

// rows are given to the caller, who closes them.
func rows(ctx context.Context, db *sql.DB, customer string) (*sql.Rows, error) {
	return db.QueryContext(ctx, "select id from orders where customer = $1", customer)
}

func count(ctx context.Context, db *sql.DB, customer string) (int, error) {
	found, err := rows(ctx, db, customer)
	if err != nil {
		return 0, err
	}
	defer found.Close()
	n := 0
	for found.Next() {
		n++
	}
	return n, found.Err()
}

// inTransaction rolls back what was not committed.
func inTransaction(ctx context.Context, db *sql.DB, change func(*sql.Tx) error) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if err := change(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// migrate runs before there is anything to cancel.
func migrate(db *sql.DB, statements []string) error {
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	return nil
}
