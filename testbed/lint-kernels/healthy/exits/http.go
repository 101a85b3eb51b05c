// Package exits has requests, connections and rows that are bounded and closed, though not always where they are made.
package exits

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

var shared = &http.Client{Timeout: 10 * time.Second}

// page closes the body in a function it calls.
func page(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := shared.Do(req)
	if err != nil {
		return "", err
	}
	return text(resp)
}

func text(resp *http.Response) (string, error) {
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("answer is %s", resp.Status)
	}
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// attached makes a request without a context and attaches it in the next line.
func attached(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	req = req.WithContext(ctx)
	resp, err := shared.Do(req)
	if err != nil {
		return "", err
	}
	return text(resp)
}

// request leaves the context to whoever sends it.
func request(url string) (*http.Request, error) {
	return http.NewRequest(http.MethodGet, url, nil)
}

func sent(ctx context.Context, req *http.Request) (string, error) {
	resp, err := shared.Do(req.WithContext(ctx))
	if err != nil {
		return "", err
	}
	return text(resp)
}

// open leaves the body to its caller.
func open(ctx context.Context, url string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := shared.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("answer is %s", resp.Status)
	}
	return resp.Body, nil
}

// download keeps the body in a value that has a Close.
type download struct {
	body io.ReadCloser
	read int
}

func newDownload(ctx context.Context, url string) (*download, error) {
	body, err := open(ctx, url)
	if err != nil {
		return nil, err
	}
	return &download{body: body}, nil
}

func (d *download) Read(into []byte) (int, error) {
	n, err := d.body.Read(into)
	d.read += n
	return n, err
}

func (d *download) Close() error {
	return d.body.Close()
}

// emptied reads the rest before it closes, so that the connection can be used again.
func emptied(ctx context.Context, url string) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := shared.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() {
		_, copied := io.Copy(io.Discard, resp.Body)
		err = errors.Join(err, copied, resp.Body.Close())
	}()
	return resp.StatusCode, nil
}

// bounded has no Timeout; each of its requests has a deadline.
type bounded struct {
	client *http.Client
}

func newBounded() *bounded {
	return &bounded{client: &http.Client{}}
}

func (b *bounded) get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return "", err
	}
	return text(resp)
}

// configured sets the limits of a server after it was made.
func configured(handler http.Handler) *http.Server {
	server := &http.Server{Handler: handler}
	server.ReadHeaderTimeout = 5 * time.Second
	server.IdleTimeout = time.Minute
	return server
}

// streaming has no write limit, on purpose: its answers never end.
func streaming(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
}

// accepted answers at once and leaves the work to a goroutine with a limit of its own.
func accepted(work func(context.Context, string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
		name := r.FormValue("name")
		go func() {
			defer cancel()
			if err := work(ctx, name); err != nil {
				slog.WarnContext(ctx, "work failed", "name", name, "error", err)
			}
		}()
		w.WriteHeader(http.StatusAccepted)
	}
}

// joined starts goroutines in a handler and waits for them before it answers.
func joined(left, right func(context.Context) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var l, rt string
		var both sync.WaitGroup
		both.Go(func() { l = left(r.Context()) })
		both.Go(func() { rt = right(r.Context()) })
		both.Wait()
		fmt.Fprintln(w, l, rt)
	}
}
