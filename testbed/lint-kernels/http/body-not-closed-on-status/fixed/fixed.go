// Package fixed downloads a picture; the body is closed whatever the status says.
package fixed

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

type gallery struct {
	client *http.Client
	url    string
}

func newGallery(url string) *gallery {
	return &gallery{client: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}, url: url}
}

func (g *gallery) picture(ctx context.Context, name string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+name, nil)
	if err != nil {
		return nil, err
	}
	resp, err := g.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer g.client.CloseIdleConnections()
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", name, resp.Status)
	}
	return io.ReadAll(resp.Body)
}
