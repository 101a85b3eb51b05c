// Package kernel answers searches; the deadline of the request ends at the client of the index.
package kernel

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

type index struct {
	client *http.Client
	url    string
}

type search struct {
	index *index
}

func newSearch(url string) *search {
	return &search{index: &index{client: &http.Client{Transport: &http.Transport{}}, url: url}}
}

func (s *search) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hits, err := s.find(r.Context(), r.FormValue("q")) // via; stuck
	if err != nil {
		http.Error(w, err.Error(), http.StatusGatewayTimeout)
		return
	}
	fmt.Fprint(w, hits)
}

func (s *search) find(ctx context.Context, query string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return s.index.lookup(context.Background(), query) // want TO001|CX001; stuck
}

func (x *index) lookup(ctx context.Context, query string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, x.url+"/?q="+query, nil)
	if err != nil {
		return "", err
	}
	resp, err := x.client.Do(req) // via; stuck
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	hits, err := io.ReadAll(resp.Body)
	return string(hits), err
}
