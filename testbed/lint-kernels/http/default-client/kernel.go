// Package kernel pings a web hook with the default client, which has no time limit.
package kernel

import (
	"fmt"
	"net/http"
	"strings"
)

type hook struct {
	url   string
	fails int
}

func (h *hook) ping(event string) error {
	resp, err := http.Post(h.url, "text/plain", strings.NewReader(event)) // want TO003; stuck
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
