// Package kernel runs the commands of an inventory in one goroutine; one command asks the inventory, and waits for itself.
package kernel

type inventory struct {
	commands chan func()
	units    map[string]int
}

func newInventory() *inventory {
	v := &inventory{commands: make(chan func()), units: map[string]int{"nut": 4}}
	go v.loop()
	return v
}

func (v *inventory) loop() {
	for command := range v.commands {
		command() // stuck
	}
}

func (v *inventory) count(item string) int {
	counted := make(chan int, 1)
	v.commands <- func() { counted <- v.units[item] } // via; stuck
	return <-counted
}

func (v *inventory) move(from, to string) {
	moved := make(chan struct{})
	v.commands <- func() {
		defer close(moved)
		n := v.count(from) // want DL005|LK001; stuck
		v.units[from] -= n
		v.units[to] += n
	}
	<-moved // stuck
}

func (v *inventory) close() { close(v.commands) }
