// Package kernel posts an event, up to three times, and closes the body of the last answer only.
package kernel

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
		resp, err := s.client.Do(req) // via; stuck in net/http.(*persistConn).readLoop
		if err != nil {
			return err
		}
		if resp.StatusCode == http.StatusOK {
			return resp.Body.Close()
		}
		time.Sleep(time.Millisecond) // want LK009|LK008
	}
	return errors.New("event refused three times")
}
