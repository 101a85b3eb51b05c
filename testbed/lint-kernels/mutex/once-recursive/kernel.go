// Package kernel opens its configuration once; the loader logs through a logger that reads the configuration.
package kernel

import "sync"

type config struct {
	once  sync.Once
	level string
}

func (c *config) get() string {
	c.once.Do(c.load) // via; stuck
	return c.level
}

func (c *config) load() {
	c.log("loading") // via; stuck
	c.level = "info"
}

func (c *config) log(line string) string {
	if c.get() == "debug" { // want DL001; stuck
		return "DEBUG " + line
	}
	return line
}
