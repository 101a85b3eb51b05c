// Package kernel asks for a postcode's town with a client that waits for ever.
package kernel

import (
	"io"
	"net/http"
)

type towns struct {
	client *http.Client
	url    string
}

func newTowns(url string) *towns {
	return &towns{client: &http.Client{}, url: url} // want TO003
}

func (t *towns) find(postcode string) (string, error) {
	resp, err := t.client.Get(t.url + "/" + postcode) // via; stuck
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	town, err := io.ReadAll(resp.Body)
	return string(town), err
}
