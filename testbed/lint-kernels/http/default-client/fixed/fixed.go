// Package fixed pings a web hook with a client that gives up.
package fixed

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

var client = &http.Client{Timeout: 100 * time.Millisecond}

type hook struct {
	url   string
	fails int
}

func (h *hook) ping(event string) error {
	resp, err := client.Post(h.url, "text/plain", strings.NewReader(event))
	if err != nil {
		h.fails++
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		h.fails++
		return fmt.Errorf("hook answers %s", resp.Status)
	}
	return nil
}
