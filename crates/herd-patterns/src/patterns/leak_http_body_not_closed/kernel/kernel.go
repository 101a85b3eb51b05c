// Package kernel asks the HTTP server at $UPSTREAM_URL for stock and prices and keeps every connection it opened.
package kernel

import (
	"io"
	"net/http"
	"os"
	"strconv"
)

// Run asks for n items: for half of them it leaves the body open, for half of them it leaves a transport behind.
//
// Nothing here is a go statement; the goroutines are those of the connections:
// from LK009 in net/http.(*Transport).dialConn
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
	resp, err := http.Get(upstream + "/stock/" + strconv.Itoa(item)) // want LK009 in net/http.(*persistConn).readLoop
	if err != nil {
		return false, err
	}
	return resp.StatusCode == http.StatusOK, nil
}

func price(upstream string, item int) (string, error) {
	client := &http.Client{Transport: &http.Transport{}}
	resp, err := client.Get(upstream + "/price/" + strconv.Itoa(item)) // want LK009 in net/http.(*persistConn).writeLoop
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}
