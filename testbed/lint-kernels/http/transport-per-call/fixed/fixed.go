// Package fixed translates texts over one client for all calls.
package fixed

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"
)

type translator struct {
	client *http.Client
	url    string
}

func newTranslator(url string) *translator {
	return &translator{client: &http.Client{Transport: &http.Transport{}, Timeout: time.Second}, url: url}
}

func (t *translator) translate(ctx context.Context, text string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, strings.NewReader(text))
	if err != nil {
		return "", err
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func (t *translator) close() {
	t.client.CloseIdleConnections()
}
