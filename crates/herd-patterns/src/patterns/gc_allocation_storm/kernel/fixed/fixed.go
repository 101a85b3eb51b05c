// Package fixed renders price lists into one buffer that is kept from list to list.
package fixed

import (
	"strconv"
	"sync/atomic"
	"time"
)

type item struct {
	name  string
	price int
	next  *item
}

type catalogue struct {
	items []*item
	bytes atomic.Int64
}

var store = load(300_000)

// Run starts n clients that ask for a price list a hundred times a second each.
func Run(n int) {
	for client := 0; client < n; client++ {
		go poll(client)
	}
}

func poll(client int) {
	var list []byte
	for range time.Tick(10 * time.Millisecond) {
		list = store.list(list[:0], client*1000, 300)
		store.bytes.Add(int64(len(list)))
	}
}

func (c *catalogue) list(list []byte, from, count int) []byte {
	for _, item := range c.items[from : from+count] {
		list = append(list, item.name...)
		list = append(list, ' ')
		list = strconv.AppendInt(list, int64(item.price), 10)
		list = append(list, '\n')
	}
	return list
}

func load(count int) *catalogue {
	c := &catalogue{}
	var last *item
	for number := 0; number < count; number++ {
		last = &item{name: "article number " + strconv.Itoa(number), price: number % 1000, next: last}
		c.items = append(c.items, last)
	}
	return c
}
