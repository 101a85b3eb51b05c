// Package fixed posts an event, up to three times; each answer's body is closed before the next try.
package fixed

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

type sink struct {
	client *http.Client
	url    string
}

func newSink(url string) *sink {
	return &sink{client: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}, url: url}
}

func (s *sink) post(ctx context.Context, event string) error {
	for range 3 {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/missing", strings.NewReader(event))
		if err != nil {
			return err
		}
		resp, err := s.client.Do(req)
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil {
			return err
		}
		if resp.StatusCode == http.StatusOK {
			return nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.client.CloseIdleConnections()
	return errors.New("event refused three times")
}
