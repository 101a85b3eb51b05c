//go:build !go1.23

package main

// pull does nothing: iter came with 1.23.
func pull(int) {}
