// Package kernel keeps an access token fresh; the request for a new one is made with the lock held and without a time limit.
package kernel

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
	return &tokens{client: &http.Client{}, url: url}
}

func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock() // via; stuck
	defer t.mu.Unlock()
	if time.Now().Before(t.expires) {
		return t.token, nil
	}
	token, err := t.fetch(ctx) // want DL007|DL003; stuck
	if err != nil {
		return "", err
	}
	t.token, t.expires = token, time.Now().Add(time.Hour)
	return t.token, nil
}

func (t *tokens) fetch(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, nil)
	if err != nil {
		return "", err
	}
	resp, err := t.client.Do(req) // via; stuck
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	token, err := io.ReadAll(resp.Body)
	return string(token), err
}
