// Package prices asks another service over HTTP.
package prices

import (
	"context"
	"net/http"
)

// Client asks for prices.
type Client struct {
	HTTP *http.Client
	URL  string
}

// Price asks under the caller's context.
func (c *Client) Price(ctx context.Context, item string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+item, nil)
	if err != nil {
		return err
	}
	answer, err := c.HTTP.Do(request) // sink http price: bounded bounded; sink http Units: bounded widened widened
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// Refresh asks under no context at all.
func (c *Client) Refresh(item string) error {
	answer, err := c.HTTP.Get(c.URL + item) // sink http price: lost lost
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
