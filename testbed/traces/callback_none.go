//go:build !cgo

package main

// callback does nothing without C.
func callback() {}
