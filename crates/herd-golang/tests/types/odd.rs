//! Everything odd that valid programs may do.

use crate::oracle::{Answer, Question, compare, go_roots, newest, write};

/// Writes a module of packages, a file each, and compares it.
fn compare_module(go: &str, files: &[(&str, &str)], tests: bool) -> Answer {
    let (_, goroot) = go_roots().pop().expect("a toolchain");
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "go.mod", &format!("module example.com/odd\n\ngo {go}\n"));
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    let path = folder.path().canonicalize().expect("a folder");
    compare(&Question { folder: &path, patterns: &["./..."], tests, goroot: &goroot, hide_one_in: None, system: None })
}

/// Holds one file against go/types: all of it must be known.
#[track_caller]
fn check(text: &str) {
    let answer = compare_module(newest(), &[("x.go", text)], false);
    assert_eq!(answer.mistakes, [""; 0]);
    answer.holds(0.0);
    assert!(answer.expressions > 10, "{answer:?}");
}

#[test]
fn constants_take_the_type_of_their_place() {
    check(
        r#"package p

import (
	"fmt"
	"math"
	"time"
	. "unsafe"
)

type weekday int

const (
	monday weekday = iota + 1
	tuesday
	_
	thursday
	a, b = iota, -iota
	c, d
)

const (
	kb = 1 << (10 * (iota + 1))
	mb
	huge = 1 << 100
	ratio = huge >> 98
	eps = 1.0 / 3
	mask = ^uint32(0)
	flag = kb > 5 && mb != 7
	text = "a" + "b" + `c`
	letter = 'a' + 1
	z = 2i * 2
	size = Sizeof(int32(0)) + uintptr(len(text))
	timeout = 5 * time.Second / 2
)

var table = [...]string{2: "c", 0: "a", thursday: "d"}
var later = [len(table) * 2]bool{}
var wide = [size]byte{}

func f(n int, s uint, x float64, i any, e error, p *int) (int8, error) {
	var u8 uint8 = 1<<3 | 2
	var sh int64 = 1 << s
	var fl float32 = 1 + 2.0
	var ar [1 << 3]int
	ar[1<<s] = 1 << s
	_ = uint8(1<<s) + u8
	_ = math.MaxInt64 - 1
	_ = float64(1<<3) * x
	_ = 1<<s == 2<<s
	_ = n<<1.0 + n>>2
	_, _ = 1.0<<s == sh, "abc"[n]
	_ = "abc"[1:]
	_ = i == 1 || i == nil || i == "x" || nil == e || p != nil
	i, e = 'x', nil
	b := n == 1
	type boolean bool
	var named boolean = n == 1 && !(x < 2)
	named = named || n > 3 && x == x
	if n == 1 && named == (x > 1) || b {
		fmt.Println(1, 'a', "s", 2.5, 1i, nil, n == 2, 1<<3, 1<<s)
	}
	switch n {
	case 1, 2 << 1:
	}
	switch x := x * 2; {
	case x > 1, b:
	}
	switch i {
	case 1, "x", nil:
	}
	time.Sleep(10 * time.Millisecond)
	time.Sleep(time.Duration(n) * time.Second)
	_ = complex(1, x)
	_ = real(complex(x, 2)) + imag(1i)
	_ = max(1, 2.5, x) + min(x, 1)
	_ = max(1, 2)
	_ = min(n, 3)
	_ = string(rune(65)) + string('a')
	_ = []byte("abc")
	_ = append([]byte(nil), "abc"...)
	_ = append([]float64{1, 2}, 3, 4)
	_ = copy([]byte{}, "x")
	_ = map[float64]any{1: 2, 2: "x"}
	_ = map[string]bool{"x": n > 1}
	_ = []any{1, nil, 'x'}
	_ = struct{ a, b float32 }{1, 2}
	_ = new(5)
	_ = new("x" + "y")
	ch := make(chan float64, 10)
	ch <- 1
	n += 1 << s
	x *= 2
	fl++
	u8 <<= 3
	panic(1)
	print(1, "x", nil == p)
	_ = func() (float64, any) { return 1, 2 }
	_ = len([10]int{}) + len("abc") + cap(ar) + len(table)
	_ = [len([3]int{})]int{}
	_ = ^1 + -n + +2
	_ = !true
	return 1, nil
}
"#,
    );
}

#[test]
fn scopes_and_forms() {
    check(
        r#"package p

import (
	"errors"
	str "strings"
)

type T struct {
	a, b int
	*E
	err error
}
type E struct {
	c map[string]chan int
	f func(...int) (int, error)
}

func (e *E) inc(n int) *E { e.c = nil; return e }
func (t T) val() (x, y int) { return t.a, t.b }

func two() (int, error) { return 1, nil }
func take(n int, err error, more ...string) {}
func variadic(xs ...any) {}

var x, y = two()
var m = map[string]T{}
var v, ok = m["a"]
var _, _ = (m["b"])
var fn = (*E).inc
var bound = (&T{}).inc
var expr = T.val
var err error = errors.New("x")

func f(t *T, i interface{ val() (x, y int) }, ch chan int, xs ...string) (n int, err error) {
	n, err = two()
	n, k := 1, 2
	_ = k
	if v, ok := m["x"]; ok {
		v := v.a
		_ = v
	} else if w, err := two(); err != nil {
		_, _ = v, w
	} else {
		_ = w
	}
	take(two())
	variadic(two())
	variadic(xs, 1)
	take(1, nil, xs...)
	switch y := any(t).(type) {
	case nil:
		_ = y
	case *T, *E:
		_ = y
	case interface{ Error() string }:
		_ = y.Error()
	case int:
		y++
	default:
		_ = y
	}
	switch any(t).(type) {
	case T:
	}
	var z, good = any(t).(*T)
	_, _ = z, good
	select {
	case v := <-ch:
		_ = v
	case v, ok := <-ch:
		_, _ = v, ok
	case ch <- 1:
	case m["x"].c["y"] <- 2:
	case xs[0], ok = <-make(chan string):
	}
	for i := range 10 {
		_ = i
	}
	for i, c := range "abc" {
		_, _ = i, c
	}
	for k, v := range m {
		_, _ = k, v
	}
	for i := range ch {
		_ = i
	}
	for i, s := range &[3]string{} {
		_, _ = i, s
	}
	for a, b := range func(yield func(int, string) bool) {} {
		_, _ = a, b
	}
	for range func(yield func() bool) {} {
	}
	var u8 uint8
	for u8 = range 200 {
	}
	for i := range u8 {
		_ = i
	}
	var k2 string
	for k2, m[k2] = range m {
	}
outer:
	for i, j := 0, len(xs); i < j; i, j = i+1, j-1 {
		i := i
		for {
			continue outer
		}
		_ = i
	}
	func(a int, _ string) {
		a, b := a, err
		defer func() { recover(); _, _ = a, b }()
		const c = 1 << iota
		type T = E
		type L struct {
			next *L
			T
		}
		var l L
		l.next.next.T.c["x"] <- c
		_ = l.inc(1).inc(2)
	}(1, "")
	t.E.inc(1)
	t.inc(2).c = nil
	T{E: &E{}}.c["a"] <- 1
	(*t).E.f(1, 2, 3)
	n, err = t.f(xs2(xs)...)
	a, b := i.val()
	i.val()
	_, _ = a, b
	_ = str.Map(func(r rune) rune { return r + 1 }, "x")
	*&t.a, t.b = t.b, *(&t.a)
	_ = []*T{{a: 1}, {b: 2}, nil}
	_ = map[struct{ x int }][]T{{1}: {{a: 1}}, {x: 2}: nil}
	_ = [][2]int{{1, 2}, {3}}
	_ = [...][]string{{"a"}, nil}
	_ = &[]int{1}
	_ = (struct{ T }{}).E.c
	_ = xs[1:2:3][0][1:]
	_ = (&[3]int{})[:]
	_ = fn(&E{}, 1)
	_, _ = expr(*t)
	bound(2)
	clear(m)
	close(ch)
	delete(m, "x")
	ptr := &ch
	<-*ptr
	go t.inc(1)
	return
}

func xs2(xs []string) []int { return nil }
"#,
    );
}

#[test]
fn embedding_and_methods() {
    check(
        r#"package p

import (
	"io"
	"sync"
)

type A struct{ x, y int }
type B struct{ x int }
type C struct {
	A
	*B
	y string
}
type D struct {
	C
	sync.Mutex
	io.Reader
}
type R interface {
	io.ReadCloser
	io.Writer
	interface{ private(int) }
}
type S struct{ R }
type P *D
type Alias = D
type Func func(int) Func

func (A) value()     {}
func (*A) pointer()  {}
func (f Func) m() Func { return f(1) }
func (Alias) late() Alias { return Alias{} }

type Linked[T any] struct {
	*Linked[T]
	val T
}

func (l *Linked[E]) push(e E, _ ...E) *Linked[E] { l.val = e; return l.Linked }
func (Linked[_]) anonymous() {}

type Wrapped struct{ Linked[string] }

func f(c C, d *D, r R, s S, p P, w Wrapped) {
	_ = c.y
	_ = c.A.x + c.B.x
	d.value()
	d.pointer()
	d.Lock()
	defer d.Mutex.Unlock()
	_, _ = d.Read(nil)
	_, _ = s.Write(nil)
	_, _ = s.R.Read(nil)
	s.private(1)
	_ = p.y
	_ = p.C.A.y
	_ = (*p).late().late()
	_ = Func(nil).m().m()(3)
	_ = w.push("a").push("b", "c").val
	w.anonymous()
	_ = w.Linked.Linked.Linked
	g := C.value
	g(c)
	h := (*C).pointer
	h(&c)
	k := io.Reader.Read
	_, _ = k(d, nil)
	_ = R.private
	_ = (*Linked[int]).push
	_ = D{C: C{A: A{1, 2}}, Reader: d}.y
	var e interface {
		error
		comparable2
	}
	_ = e.Error() + e.more()
}

type comparable2 interface{ more() string }
"#,
    );
}

#[test]
fn generics() {
    check(
        r#"package p

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
)

type Number interface{ ~int | ~float64 }
type List[T any] []T
type Pair[K comparable, V any] struct {
	key K
	val V
}
type Tree[K cmp.Ordered, V any] struct {
	left, right *Tree[K, V]
	Pair[K, V]
}
type Set[T comparable] = map[T]struct{}
type Named map[string]List[int]
type Node[T any] interface {
	*T
	Next() T
}
type chain struct{}
type Option[T any] func(*T)

func (*chain) Next() chain { return chain{} }
func (t *Tree[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for k, v := range t.left.All() {
			if !yield(k, v) {
				return
			}
		}
		yield(t.key, t.val)
	}
}
func (l List[T]) Map(f func(T) T) List[T] {
	for i := range l {
		l[i] = f(l[i])
	}
	return l
}

func Map[T, U any](xs []T, f func(T) U) []U {
	var out []U
	for _, x := range xs {
		out = append(out, f(x))
	}
	return out
}
func Sum[N Number](xs ...N) (sum N) {
	for _, x := range xs {
		sum += x * 2
	}
	return sum + 1
}
func Keys[M ~map[K]V, K comparable, V any](m M) []K { return nil }
func Walk[T any, P Node[T]](p P) T { return p.Next() }
func Apply[T any](t *T, opts ...Option[T]) {}
func Index[T []byte | string](t T) byte  { return t[0] + byte(len(t)) }
func Chan[C ~chan E, E any](c C) E       { c <- *new(E); return <-c }
func Call[F ~func(A) R, A, R any](f F, a A) R { return f(a) }
func Ptr[T any](t T) *T                  { return &t }
func Convert[To, From Number](f From) To { return To(f) }
func Zero[T any]() (t T)                 { return }
func Default[T comparable](a, b T) T {
	if a == *new(T) {
		return b
	}
	return a
}
func Send[T any](c chan<- T, t T) {}
func Deep[T any](x map[string][]func(*T) chan T) T { return *new(T) }
func Slice[S ~[]E, E any](s S) S { return s[1:2] }

type G struct{}

func (G) Method[T any](t T, f func(T) error) []T { return nil }

func use(tree *Tree[string, *Pair[int, bool]], n Named, c chan int, recv <-chan int) {
	_ = Map([]int{1}, func(i int) string { return "" })
	_ = Map([]int{1}, strings.ToUpper2)
	_ = Map(List[int]{1}, Ptr)
	_ = Map(List[int]{1}, Ptr[int])
	_ = Sum(1, 2.5)
	_ = Sum(1, 2)
	_ = Sum[float64](1, 2)
	_ = Keys(n)
	_ = Keys(Set[string]{"a": {}})
	_ = Walk(&chain{})
	Apply(&chain{}, func(*chain) {}, nil)
	_ = Index("x") + Index([]byte(nil))
	_ = Chan(c)
	_ = Call(func(i int) float64 { return 1 }, 1)
	_ = Convert[int](2.5)
	_ = Convert[float64](1)
	_ = Zero[map[string]int]()
	_ = Default("a", "b")
	_ = Default[any](1, "b")
	Send(c, 1)
	_ = Deep(map[string][]func(*int) chan int{})
	_ = Slice(n["x"]).Map(func(i int) int { return i })
	for k, v := range tree.All() {
		_, _ = k, v.val
	}
	_ = tree.left.right.key + tree.Pair.key
	slices.SortFunc(n["a"], func(a, b int) int { return cmp.Compare(a, b) })
	slices.SortFunc(n["a"], cmp.Compare)
	slices.SortFunc([]string{}, cmp.Compare[string])
	_ = slices.Collect(maps.Keys(n))
	_ = slices.Sorted(maps.Values(map[int]string{}))
	_, _ = slices.BinarySearchFunc([]Pair[int, int]{}, 3, func(p Pair[int, int], k int) int { return p.key - k })
	_ = slices.IndexFunc(n["a"], func(i int) bool { return i > 0 })
	_ = slices.Max([]float64{1})
	_ = append(slices.Clone(n["b"]), 1)
	m2 := maps.Clone(n)
	m2["x"] = nil
	var f func(float64) *float64 = Ptr
	g := Map[int, bool]
	h := Map[int, func() int]
	_, _, _ = f(1), g(nil, nil), h
	var p atomic.Pointer[Pair[int, string]]
	p.Store(&Pair[int, string]{1, "x"})
	_ = p.Load().val
	_ = Pair[string, int]{key: "a", val: 1}
	_ = []Pair[int, []string]{{1, nil}, {key: 2}}
	_ = G{}.Method(1, func(int) error { return nil })
	_ = G{}.Method[string]
	_ = G.Method[int]
	var fm func(int, func(int) error) []int = G{}.Method
	_ = fm
	sort.Slice(n, func(i, j int) bool { return i < j })
	type local[T any] struct{ x T }
	_ = local[int]{1}.x + 2
	_ = any(tree).(interface{ All() iter.Seq2[string, *Pair[int, bool]] })
}

func recursive[T any](n int, t T) {
	if n > 0 {
		recursive(n-1, t)
		recursive[*int](n-1, nil)
		recursive(n, struct{ T any }{})
	}
}

func constraint[T interface {
	~[]E
	Len() int
}, E interface{ String() string }](t T) string {
	for _, e := range t {
		return e.String()
	}
	return t[0].String() + string(rune(t.Len()))
}
"#
        .replace("strings.ToUpper2", "strconvItoa")
        .replace("func use(", "func strconvItoa(int) string { return strings.ToUpper(\"\") }\n\nfunc use(")
        .as_str(),
    );
}

#[test]
fn packages_and_tests() {
    let files = [
        (
            "a/a.go",
            "package a\n\ntype T struct{ x int }\n\nfunc (t T) Value() int { return t.x }\n\nfunc hidden() T { return T{1} }\n",
        ),
        ("a/export_test.go", "package a\n\nvar Hidden = hidden\n\nfunc (t *T) ForTests() string { return \"\" }\n"),
        (
            "a/a_test.go",
            "package a\n\nimport \"testing\"\n\nfunc TestIn(t *testing.T) { x := hidden(); t.Log(x.ForTests(), x.x) }\n",
        ),
        (
            "a/x_test.go",
            "package a_test\n\nimport (\n\t. \"example.com/odd/a\"\n\t\"testing\"\n)\n\ntype U struct{ T }\n\nfunc TestOut(t *testing.T) { x := Hidden(); t.Log(x.ForTests(), U{x}.Value(), (&U{}).ForTests()) }\n",
        ),
        (
            "go_b/b.go",
            "package b\n\nimport (\n\t\"example.com/odd/a\"\n\talias \"example.com/odd/a\"\n)\n\nvar X a.T = alias.T{}\nvar Y = X.Value()\n\nfunc a_() { a := 1; _ = a }\n",
        ),
    ];
    let answer = compare_module(newest(), &files, true);
    assert_eq!(answer.mistakes, [""; 0]);
    answer.holds(0.0);
    assert_eq!((answer.packages, answer.files), (2, 5));
}
