//go:build go1.25

package main

import (
	"io"
	"runtime/trace"
	"time"
)

// recordFlight starts the flight recorder; what it answers writes a snapshot of it and ends it.
func recordFlight(to io.Writer) func() {
	recorder := trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: 500 * time.Millisecond, MaxBytes: 3 * mib})
	check(recorder.Start())
	return func() {
		_, err := recorder.WriteTo(to)
		check(err)
		recorder.Stop()
	}
}
