// Package fixed exchanges keys between two peers; one sends first, the other receives first.
package fixed

type peer struct {
	name string
	key  string
	out  chan<- string
	in   <-chan string
}

func connect() (*peer, *peer) {
	aToB, bToA := make(chan string), make(chan string)
	return &peer{name: "a", key: "1", out: aToB, in: bToA}, &peer{name: "b", key: "2", out: bToA, in: aToB}
}

func (p *peer) dial() string {
	p.out <- p.key
	return p.key + <-p.in
}

func (p *peer) accept() string {
	key := <-p.in
	p.out <- p.key
	return key + p.key
}
