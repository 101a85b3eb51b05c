// Host loads a plugin and waits in it.
package main

import (
	"os"
	"plugin"
	"time"

	"example.com/mixed/held"
)

func main() {
	module, err := plugin.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	wait, err := module.Lookup("Wait")
	if err != nil {
		panic(err)
	}
	for i := 0; i < 3; i++ {
		go wait.(func())()
	}
	time.Sleep(300 * time.Millisecond)
	held.Serve()
}
