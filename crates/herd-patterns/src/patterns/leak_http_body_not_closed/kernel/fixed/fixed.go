// Package fixed asks the HTTP server at $UPSTREAM_URL for stock and prices over connections it uses again.
package fixed

import (
	"io"
	"net/http"
	"os"
	"strconv"
)

// Run asks for n items.
func Run(n int) {
	upstream := os.Getenv("UPSTREAM_URL")
	for item := 0; item < n; item++ {
		var err error
		if item%2 == 0 {
			_, err = inStock(upstream, item)
		} else {
			_, err = price(upstream, item)
		}
		if err != nil {
			panic(err)
		}
	}
}

func inStock(upstream string, item int) (bool, error) {
	resp, err := http.Get(upstream + "/stock/" + strconv.Itoa(item))
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode == http.StatusOK, err
}

func price(upstream string, item int) (string, error) {
	resp, err := http.Get(upstream + "/price/" + strconv.Itoa(item))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}
