package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"strings"
)

// firstLabel keeps generated labels apart from those of the functions written by hand.
const firstLabel = 100000

// writer writes one function after the other. What it writes compiles: gotos pass no declaration, labels are used, loops end when fuel does.
type writer struct {
	random *rand.Rand
	text   strings.Builder
	label  int
	names  int
	depth  int
	// How many statements that function may still have which hold others.
	room int
	// What statements may leave: labels of loops and of switches or selects around, the innermost last.
	around []enclosing
	// Results of the function at hand.
	results bool
	// Whether the statement list at hand may declare names.
	declares bool
}

type enclosing struct {
	name string
	loop bool
	used bool
}

func generate(out *bufio.Writer, seed uint64, functions int) {
	w := &writer{random: rand.New(rand.NewPCG(seed, 1)), label: firstLabel, declares: true}
	fmt.Fprint(out, "package main\n\nvar generated = []func(){")
	for number := range functions {
		fmt.Fprintf(out, "g%d, ", number)
	}
	fmt.Fprint(out, "}\n")
	for number := range functions {
		w.text.Reset()
		w.room = 12 + w.random.IntN(30)
		w.line("\nfunc g%d() {", number)
		w.body(6)
		w.line("}")
		fmt.Fprint(out, w.text.String())
	}
}

func (w *writer) line(format string, arguments ...any) {
	fmt.Fprintf(&w.text, format+"\n", arguments...)
}

func (w *writer) next() int {
	w.label++
	return w.label
}

func (w *writer) name(prefix string) string {
	w.names++
	return fmt.Sprintf("%s%d", prefix, w.names)
}

func (w *writer) one(of int) bool { return w.random.IntN(of) == 0 }

// body writes what every function starts with, and statements.
func (w *writer) body(statements int) {
	w.line("f := enter(%d)", w.next())
	w.line("defer f.leave()")
	w.line("var x0, x1, x2 bool\nvar n0, n1 int\nvar p0 *int\nvar t struct{ on, off bool }\nk := 0")
	w.line("_, _, _, _, _, _, _, _ = x0, x1, x2, n0, n1, p0, t, k")
	if w.one(4) {
		w.line("defer func() { recover() }()")
	}
	w.statements(statements)
}

func (w *writer) block(statements int) {
	declares := w.declares
	w.declares = true
	w.statements(statements)
	w.declares = declares
}

func (w *writer) statements(most int) {
	for range 1 + w.random.IntN(most) {
		w.statement()
	}
}

func (w *writer) statement() {
	w.depth++
	defer func() { w.depth-- }()
	w.room--
	if w.depth > 7 || w.room < 0 || w.random.IntN(3) == 0 {
		w.simple()
		return
	}
	switch w.random.IntN(16) {
	case 0, 1, 2:
		w.ifs()
	case 3, 4:
		w.loop()
	case 5, 6:
		w.ranges()
	case 7, 8:
		w.switches()
	case 9:
		w.typeSwitch()
	case 10, 11:
		w.selects()
	case 12:
		w.gotos()
	case 13:
		w.line("{")
		w.block(3)
		w.line("}")
	case 14:
		w.literal()
	default:
		w.leaves()
	}
}

func (w *writer) simple() {
	switch w.random.IntN(22) {
	case 0:
		w.line("x%d = %s", w.random.IntN(3), w.condition(3))
	case 1:
		w.line("n%d = %s", w.random.IntN(2), w.number(3))
	case 2:
		w.line("f.s(%d)[%s&7] = %s", w.next(), w.number(1), w.number(2))
	case 3:
		w.line("f.s(%d)[%s&7] += %s", w.next(), w.number(1), w.number(2))
	case 4:
		w.line("*f.p(%d), f.m(%d)[%s] = %s, %s", w.next(), w.next(), w.number(1), w.number(1), w.number(1))
	case 5:
		w.line("f.s(%d)[%s&7]++", w.next(), w.number(1))
	case 6:
		w.line("n0, x0 = f.two(%d)", w.next())
	case 7:
		w.line("f.into(%d) <- %s", w.next(), w.number(2))
	case 8:
		w.line("<-f.ready(%d)", w.next())
	case 9:
		if w.declares {
			w.line("x1, y := %s, %s\n_, _ = x1, y", w.condition(2), w.number(2))
			w.declares = false
			return
		}
		w.line("x1, n1 = %s, %s", w.condition(2), w.number(2))
	case 10:
		w.line("{\nvar x0, z = %s, %s\n_, _ = x0, z", w.condition(2), w.condition(2))
		w.block(2)
		w.line("}")
	case 11:
		w.line("defer f.put(%s)", w.number(1))
	case 12:
		w.line("f.fn(%d)(%s)", w.next(), w.number(2))
	case 13:
		w.line("_ = point{b: %s, a: %s}", w.number(2), w.number(2))
	case 14:
		w.line("_ = map[int]int{%s: %s, %s: %s}", w.number(1), w.number(1), w.number(1), w.number(1))
	case 15:
		w.line("p0 = %s", []string{"nil", "&n1", "f.p(" + fmt.Sprint(w.next()) + ")"}[w.random.IntN(3)])
	case 16:
		w.line("t.on = %s", w.condition(2))
	case 17:
		w.line("flip(&t, %s)", w.condition(1))
	case 18:
		w.line("k++")
	case 19:
		w.line("func() { x2 = !x2 }()")
	default:
		w.line("f.v(%d, %s)", w.next(), w.number(2))
	}
}

// condition is a boolean expression of at most so many levels.
func (w *writer) condition(depth int) string {
	if depth > 0 {
		switch w.random.IntN(10) {
		case 0, 1:
			return w.condition(depth-1) + " && " + w.operand(depth-1)
		case 2, 3:
			return w.operand(depth-1) + " || " + w.condition(depth-1)
		case 4:
			return "!" + w.operand(depth-1)
		case 5:
			return "(" + w.condition(depth-1) + ")"
		}
	}
	switch w.random.IntN(15) {
	case 0, 1:
		return fmt.Sprintf("x%d", w.random.IntN(3))
	case 2:
		return fmt.Sprintf("!x%d", w.random.IntN(3))
	case 3:
		return fmt.Sprintf("n%d %s %d", w.random.IntN(2), []string{"==", "!=", "<", ">="}[w.random.IntN(4)], w.random.IntN(3))
	case 4:
		return []string{"p0 == nil", "p0 != nil", "nil != p0"}[w.random.IntN(3)]
	case 5:
		return []string{"t.on", "!t.on", "t.off", "t.on == t.off"}[w.random.IntN(4)]
	case 6:
		return fmt.Sprintf("%s < %s", w.number(depth-1), w.number(depth-1))
	case 7:
		return []string{"x0 == x1", "x1 != x0", "n0 == n1", "k > 2", "k == 1", "true", "false"}[w.random.IntN(7)]
	case 8:
		return fmt.Sprintf("f.is(%d, %s)", w.next(), w.condition(depth-1))
	}
	return fmt.Sprintf("f.b(%d)", w.next())
}

// operand is a condition that may stand beside any operator.
func (w *writer) operand(depth int) string { return "(" + w.condition(depth) + ")" }

func (w *writer) number(depth int) string {
	if depth > 0 {
		switch w.random.IntN(12) {
		case 0:
			return w.number(depth-1) + " + " + w.number(depth-1)
		case 1:
			return fmt.Sprintf("f.s(%d)[%s&7]", w.next(), w.number(depth-1))
		case 2:
			return fmt.Sprintf("f.fn(%d)(%s)", w.next(), w.number(depth-1))
		case 3:
			return fmt.Sprintf("len(f.s(%d)[%s&3:%s&3+4])", w.next(), w.number(depth-1), w.number(depth-1))
		case 4:
			return fmt.Sprintf("f.m(%d)[%s]", w.next(), w.number(depth-1))
		case 5:
			return fmt.Sprintf("<-f.ready(%d)", w.next())
		case 6:
			return fmt.Sprintf("(point{%s, %s}).sum(%s)", w.number(depth-1), w.number(depth-1), w.number(depth-1))
		case 7:
			return fmt.Sprintf("truth(%s)", w.condition(depth-1))
		case 8:
			return fmt.Sprintf("func() int { f := enter(%d); defer f.leave(); if f.b(%d) { return f.n(%d) }; return f.n(%d) }()", w.next(), w.next(), w.next(), w.next())
		case 9:
			return fmt.Sprintf("f.whole(%d).(int)", w.next())
		}
	}
	switch w.random.IntN(4) {
	case 0:
		return fmt.Sprint(w.random.IntN(4))
	case 1:
		return []string{"n0", "n1", "k"}[w.random.IntN(3)]
	}
	return fmt.Sprintf("f.n(%d)", w.next())
}

func (w *writer) ifs() {
	for first := true; ; first = false {
		init := ""
		if w.one(3) {
			init = []string{"x1 := " + w.condition(1) + "; ", "n0 = " + w.number(1) + "; ", fmt.Sprintf("f.v(%d); ", w.next())}[w.random.IntN(3)]
		}
		condition := w.condition(3)
		if strings.HasPrefix(init, "x1 :=") {
			condition = "x1 && " + w.operand(1)
		}
		if first {
			w.line("if %s%s {", init, condition)
		} else {
			w.line("} else if %s%s {", init, condition)
		}
		w.block(2)
		if !w.one(3) {
			break
		}
	}
	if w.one(2) {
		w.line("} else {")
		w.block(2)
	}
	w.line("}")
}

// inside writes a statement that may be left by name: its head, then what is within; the name only where it is used.
func (w *writer) inside(loop bool, write func()) {
	outer := w.text
	w.text = strings.Builder{}
	w.around = append(w.around, enclosing{name: w.name("L"), loop: loop})
	write()
	inner, last := w.text.String(), w.around[len(w.around)-1]
	w.around = w.around[:len(w.around)-1]
	w.text = strings.Builder{}
	w.text.WriteString(outer.String())
	if last.used {
		w.line("%s:", last.name)
	}
	w.text.WriteString(inner)
}

func (w *writer) loop() {
	w.inside(true, func() {
		switch w.random.IntN(4) {
		case 0:
			w.line("for {\nif f.b(%d) { break }", w.next())
		case 1:
			w.line("for %s {\nf.v(%d)", w.condition(2), w.next())
		case 2:
			w.line("for i := 0; i < %s; i++ {\nf.v(%d)", w.number(1), w.next())
		default:
			w.line("for n0 = %s; %s; f.v(%d) {", w.number(1), w.condition(2), w.next())
		}
		w.block(3)
		w.line("}")
	})
}

func (w *writer) ranges() {
	w.inside(true, func() {
		switch w.random.IntN(8) {
		case 0:
			w.line("for range %s & 3 {", w.operandNumber())
		case 1:
			w.line("for i, x0 := range f.bools(%d) {\n_, _ = i, x0", w.next())
		case 2:
			w.line("for f.s(%d)[%s&7] = range f.bools(%d) {", w.next(), w.number(1), w.next())
		case 3:
			w.line("for i := range f.sequence(%d) {\n_ = i", w.next())
		case 4:
			w.line("for range f.sequence(%d) {", w.next())
		case 5:
			w.line("for n1 = range f.closed(%d) {", w.next())
		case 6:
			w.line("for k, n0 = range f.m(%d) {", w.next())
		default:
			w.line("for n0, x1 = range f.pairs(%d) {", w.next())
		}
		w.block(3)
		w.line("}")
	})
}

func (w *writer) operandNumber() string { return "(" + w.number(2) + ")" }

func (w *writer) switches() {
	w.inside(false, func() {
		tagged := w.one(2)
		init := ""
		if w.one(3) {
			init = "n1 = " + w.number(1) + "; "
		}
		tag := ""
		if tagged {
			tag = []string{w.number(1), "n0", "k", "(" + w.number(2) + ")"}[w.random.IntN(4)]
		}
		w.line("switch %s%s {", init, tag)
		clauses := w.random.IntN(5)
		standard := w.random.IntN(8)
		seen := 4
		for clause := range clauses {
			if clause == standard {
				w.line("default:")
			} else {
				var cases []string
				for range 1 + w.random.IntN(2) {
					switch {
					case !tagged:
						cases = append(cases, w.condition(2))
					case w.one(2):
						// Constant cases must differ.
						seen++
						cases = append(cases, fmt.Sprint(seen-5))
					default:
						cases = append(cases, fmt.Sprintf("f.n(%d)", w.next()))
					}
				}
				w.line("case %s:", strings.Join(cases, ", "))
			}
			w.block(2)
			if clause+1 < clauses && w.one(3) {
				w.line("fallthrough")
			}
		}
		w.line("}")
	})
}

func (w *writer) typeSwitch() {
	w.inside(false, func() {
		if w.one(2) {
			w.line("switch v := f.any(%d).(type) {", w.next())
			w.line("case int, nil:\n_ = v\nf.v(%d)", w.next())
		} else {
			w.line("switch f.any(%d).(type) {", w.next())
			w.line("case int:")
		}
		w.block(2)
		if w.one(2) {
			w.line("default:\nf.v(%d)", w.next())
			w.block(2)
		}
		w.line("case string:")
		w.block(2)
		w.line("}")
	})
}

func (w *writer) selects() {
	w.inside(false, func() {
		w.line("select {")
		for range w.random.IntN(3) {
			switch w.random.IntN(5) {
			case 0:
				w.line("case <-f.perhaps(%d):", w.next())
			case 1:
				w.line("case n0, x0 = <-f.perhaps(%d):", w.next())
			case 2:
				w.line("case f.s(%d)[%s&7] = <-f.perhaps(%d):", w.next(), w.number(1), w.next())
			case 3:
				w.line("case x0 := <-f.signals(%d):\n_ = x0", w.next())
			default:
				w.line("case f.into(%d) <- %s:", w.next(), w.number(1))
			}
			w.block(2)
		}
		if w.one(2) {
			w.line("default:")
		} else {
			w.line("case <-f.ready(%d):", w.next())
		}
		w.block(2)
		w.line("}")
	})
}

func (w *writer) gotos() {
	back, ahead := w.name("G"), w.name("G")
	declares := w.declares
	w.line("{")
	if w.one(3) {
		w.line("if %s {", w.condition(1))
		w.line("goto %s\n}", ahead)
	}
	w.line("%s:\nf.v(%d)", back, w.next())
	list := func() {
		w.line("{")
		w.block(2)
		w.line("}")
	}
	list()
	w.line("if %s {", w.condition(2))
	w.line("goto %s\n}", back)
	list()
	w.line("if f.b(%d) {\nif %s {", w.next(), w.condition(1))
	w.line("goto %s\n}\n}", ahead)
	if w.one(3) {
		w.line("goto %s", ahead)
	}
	list()
	w.line("%s:\nf.v(%d)", ahead, w.next())
	list()
	if w.one(2) {
		w.line("if %s {", w.condition(2))
		w.line("goto %s\n}", back)
	}
	w.line("}")
	w.declares = declares
}

// literal writes a function literal that is called, deferred or kept.
func (w *writer) literal() {
	around, results := w.around, w.results
	w.around = nil
	kind := w.random.IntN(4)
	w.results = kind == 0
	switch kind {
	case 0:
		w.line("n0 = func(a int) (r int) {")
	case 1:
		w.line("defer func() {")
	case 2:
		w.line("func() {")
	default:
		w.line("for range 2 {\ndefer func() {\nif chance(2) == 0 { recover() }")
	}
	w.body(3)
	switch kind {
	case 0:
		w.line("return %s\n}(%s)", w.number(1), w.number(1))
	case 1, 2:
		w.line("}()")
	default:
		w.line("}()\n}")
	}
	w.around, w.results = around, results
}

// leaves writes something that goes elsewhere.
func (w *writer) leaves() {
	guard := !w.one(4)
	if guard {
		w.line("if %s {", w.condition(1))
	}
	switch pick := w.random.IntN(6); {
	case pick == 0:
		if w.results {
			w.line("return %s", w.number(2))
		} else {
			w.line("return")
		}
	case pick == 1 && w.one(2):
		w.line("f.panics(%d)", w.next())
	case len(w.around) > 0:
		index := w.random.IntN(len(w.around))
		target := &w.around[index]
		word := "break"
		if target.loop && w.one(2) {
			word = "continue"
		}
		innermost := index == len(w.around)-1
		if innermost && w.one(2) {
			w.line("%s", word)
		} else {
			target.used = true
			w.line("%s %s", word, target.name)
		}
	default:
		w.line("f.v(%d)", w.next())
	}
	if guard {
		w.line("}")
	}
}
