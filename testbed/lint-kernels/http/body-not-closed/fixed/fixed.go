// Package fixed asks a shop for its opening hours and closes the answer's body.
package fixed

import (
	"context"
	"net/http"
	"time"
)

type shops struct {
	client *http.Client
	url    string
}

func newShops(url string) *shops {
	return &shops{client: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}, url: url}
}

func (s *shops) open(ctx context.Context, shop string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, s.url+"/open/"+shop, nil)
	if err != nil {
		return false, err
	}
	req.Method = http.MethodGet
	resp, err := s.client.Do(req)
	if err != nil {
		return false, err
	}
	defer s.client.CloseIdleConnections()
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK, nil
}
