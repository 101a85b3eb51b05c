// Command gostackparse reads a dump with github.com/DataDog/gostackparse and counts distinct stacks in a map, as its users do.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/DataDog/gostackparse"
)

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	goroutines, errs := gostackparse.Parse(file)
	stacks := map[string]int{}
	var key strings.Builder
	for _, g := range goroutines {
		key.Reset()
		key.WriteString(g.State)
		for _, frame := range g.Stack {
			key.WriteByte(';')
			key.WriteString(frame.Func)
			key.WriteByte(':')
			key.WriteString(strconv.Itoa(frame.Line))
		}
		stacks[key.String()]++
	}
	fmt.Println(len(goroutines), "goroutines,", len(stacks), "stacks,", len(errs), "errors")
}
