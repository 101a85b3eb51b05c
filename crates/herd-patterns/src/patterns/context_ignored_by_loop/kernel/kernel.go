// Package kernel heats rooms; the thermostat was given a context and goes on when it ends.
package kernel

import "context"

type thermostat struct {
	dial    <-chan float64
	degrees <-chan float64
	valve   func(ctx context.Context, open bool)
}

// Run starts n thermostats and ends their context.
func Run(n int) {
	ctx, stop := context.WithCancel(context.Background())
	for room := 0; room < n; room++ {
		dial, degrees := make(chan float64, 1), make(chan float64, 1)
		dial <- 20
		degrees <- 18.5
		go (&thermostat{dial: dial, degrees: degrees, valve: func(context.Context, bool) {}}).regulate(ctx)
	}
	stop()
}

func (t *thermostat) regulate(ctx context.Context) {
	var wanted, measured float64
	for {
		select { // want CX006
		case wanted = <-t.dial:
		case measured = <-t.degrees:
		}
		t.valve(ctx, measured < wanted)
	}
}
