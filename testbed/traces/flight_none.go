//go:build !go1.25

package main

import (
	"io"
	"log"
)

func recordFlight(io.Writer) func() {
	log.Fatal("this Go has no flight recorder; it came with 1.25")
	return nil
}
