// Package kernel downloads a picture; the body of an answer that is not 200 stays open.
package kernel

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
	resp, err := g.client.Do(req) // via; stuck in net/http.(*persistConn).readLoop
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", name, resp.Status) // want LK009
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}
