// Package fixed runs the commands of an inventory in one goroutine, which does by itself what it needs.
package fixed

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
		command()
	}
}

func (v *inventory) count(item string) int {
	counted := make(chan int, 1)
	v.commands <- func() { counted <- v.units[item] }
	return <-counted
}

func (v *inventory) move(from, to string) {
	moved := make(chan struct{})
	v.commands <- func() {
		defer close(moved)
		n := v.units[from]
		v.units[from] -= n
		v.units[to] += n
	}
	<-moved
}

func (v *inventory) close() { close(v.commands) }
