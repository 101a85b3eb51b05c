// Package kernel asks an upstream with the table of upstreams locked for reading: one that hangs keeps every change waiting.
package kernel

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

type upstreams struct {
	mu     sync.RWMutex
	urls   map[string]string
	client *http.Client
}

func (u *upstreams) ask(ctx context.Context, name string) (string, error) {
	u.mu.RLock() // via
	defer u.mu.RUnlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.urls[name], nil)
	if err != nil {
		return "", err
	}
	resp, err := u.client.Do(req) // want DL007|DL003; stuck
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func (u *upstreams) set(name, url string) {
	u.mu.Lock() // via; stuck
	defer u.mu.Unlock()
	u.urls[name] = url
}

func newUpstreams(url string) *upstreams {
	return &upstreams{urls: map[string]string{"a": url}, client: &http.Client{Timeout: time.Minute}}
}
