// Package kernel asks for the weather; the request does not carry the context of its caller.
package kernel

import (
	"context"
	"io"
	"net/http"
)

type weather struct {
	client *http.Client
	url    string
}

func (w *weather) now(ctx context.Context, city string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	req, err := http.NewRequest(http.MethodGet, w.url+"/now/"+city, nil) // want CX004
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", "text/plain")
	return w.text(req) // via; stuck
}

func (w *weather) text(req *http.Request) (string, error) {
	resp, err := w.client.Do(req) // via; stuck
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}
