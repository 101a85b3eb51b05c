// Package fixed keeps an access token fresh; the request is made outside the lock and has a time limit.
package fixed

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

type tokens struct {
	mu      sync.Mutex
	client  *http.Client
	url     string
	token   string
	expires time.Time
}

func newTokens(url string) *tokens {
	return &tokens{client: &http.Client{Timeout: 100 * time.Millisecond}, url: url}
}

func (t *tokens) get(ctx context.Context) (string, error) {
	if token, ok := t.cached(); ok {
		return token, nil
	}
	token, err := t.fetch(ctx)
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token, t.expires = token, time.Now().Add(time.Hour)
	return t.token, nil
}

func (t *tokens) cached() (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.token, time.Now().Before(t.expires)
}

func (t *tokens) fetch(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, nil)
	if err != nil {
		return "", err
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	token, err := io.ReadAll(resp.Body)
	return string(token), err
}
