package main

import (
	"os"
	"os/exec"
	"time"
)

// starved: the steady service between six neighbours that burn every CPU; its pauses stretch, and it is not at fault.
//
// expect nothing
// answers healthy healthy
func starved(until time.Time) {
	for i := 0; i < 6; i++ {
		neighbour := exec.Command(os.Args[0], "-burn", "-for", time.Until(until).String())
		neighbour.Env = []string{"GOMAXPROCS=1"}
		if neighbour.Start() == nil {
			defer func() { _ = neighbour.Wait() }()
		}
	}
	serve(tree(18), 20, until)
}
