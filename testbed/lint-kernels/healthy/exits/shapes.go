package exits

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// guardedClose closes where there is something to close.
func guardedClose(ctx context.Context, url string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := shared.Do(req)
	if resp != nil {
		defer resp.Body.Close()
	}
	if err != nil {
		return 0, err
	}
	return io.Copy(io.Discard, resp.Body)
}

// tries closes the body of each try before the next.
func tries(ctx context.Context, urls []string) (string, error) {
	var failed error
	for _, url := range urls {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return "", err
		}
		resp, err := shared.Do(req)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil && resp.StatusCode == http.StatusOK {
			return string(body), nil
		}
		failed = errors.Join(failed, err, fmt.Errorf("%s: %s", url, resp.Status))
	}
	return "", failed
}

// wrapped hands the body on inside another reader that closes it.
type counted struct {
	io.ReadCloser
	bytes int64
}

func (c *counted) Read(into []byte) (int, error) {
	n, err := c.ReadCloser.Read(into)
	c.bytes += int64(n)
	return n, err
}

func wrapped(ctx context.Context, url string) (*counted, error) {
	body, err := open(ctx, url)
	if err != nil {
		return nil, err
	}
	return &counted{ReadCloser: body}, nil
}

// committed rolls back whatever happens; after a commit that does nothing.
func committed(ctx context.Context, db *sql.DB, statement string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, statement); err != nil {
		return err
	}
	return tx.Commit()
}

// one scans a single row, which closes it.
func one(ctx context.Context, db *sql.DB) (int, error) {
	var id int
	err := db.QueryRowContext(ctx, "select id from orders limit 1").Scan(&id)
	return id, err
}

// collected reads all rows before it asks again.
func collected(ctx context.Context, db *sql.DB) error {
	found, err := db.QueryContext(ctx, "select id from orders")
	if err != nil {
		return err
	}
	var ids []int
	for found.Next() {
		var id int
		if err := found.Scan(&id); err != nil {
			return errors.Join(err, found.Close())
		}
		ids = append(ids, id)
	}
	if err := errors.Join(found.Err(), found.Close()); err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := db.ExecContext(ctx, "delete from orders where id = $1", id); err != nil {
			return err
		}
	}
	return nil
}

// deadlines sets a deadline anew for each line.
func deadlines(conn net.Conn, quiet time.Duration, handle func(string)) error {
	in := bufio.NewScanner(conn)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(quiet)); err != nil {
			return err
		}
		if !in.Scan() {
			return in.Err()
		}
		handle(in.Text())
	}
}
