// Go-oracle says what go/parser makes of Go files: whether it takes them, and where each node of the tree stands.
//
// Paths are read from standard input, one a line. For each, one line is printed:
//
//	ok NODES HASH
//	error OFFSET MESSAGE
//
// HASH is FNV-1a (64 bits) over the lines that -full prints instead: "TYPE POS END" in offsets for every node in the order of ast.Inspect,
// then for every comment of the file. With -time all files are read first and parsed by one thread; printed are files, megabytes,
// seconds of CPU and megabytes per second of CPU. -unicode prints the version of Unicode and the letters and digits beyond ASCII.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"hash"
	"hash/fnv"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unicode"
)

const mode = parser.ParseComments | parser.SkipObjectResolution

func main() {
	full := flag.Bool("full", false, "print every node")
	timed := flag.Bool("time", false, "measure parsing alone")
	letters := flag.Bool("unicode", false, "print what may stand in identifiers beyond ASCII")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if *letters {
		printUnicode(out)
		return
	}
	var paths []string
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		paths = append(paths, lines.Text())
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
	if *timed {
		measure(out, paths)
		return
	}
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			fail(err)
		}
		judge(out, src, *full)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

// judge prints what go/parser makes of one file.
func judge(out *bufio.Writer, src []byte, full bool) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, mode)
	if err != nil {
		offset, message := -1, err.Error()
		if list, ok := err.(scanner.ErrorList); ok {
			offset, message = list[0].Pos.Offset, list[0].Msg
		}
		fmt.Fprintf(out, "error %d %s\n", offset, strings.ReplaceAll(message, "\n", " "))
		return
	}
	sum := fnv.New64a()
	to := io.Writer(sum)
	if full {
		to = io.MultiWriter(sum, out)
	}
	nodes := printNodes(to, src, fset, file)
	fmt.Fprintf(out, "ok %d %016x\n", nodes, sum.(hash.Hash64).Sum64())
}

func printNodes(to io.Writer, src []byte, fset *token.FileSet, file *ast.File) int {
	base := token.Pos(fset.File(file.FileStart).Base())
	nodes := 0
	print := func(node ast.Node) bool {
		if node == nil {
			return false
		}
		nodes++
		name := strings.TrimPrefix(fmt.Sprintf("%T", node), "*ast.")
		end := int(node.End() - base)
		switch node := node.(type) {
		case *ast.Comment:
			end = commentEnd(src, int(node.Slash-base))
		case *ast.CommentGroup:
			end = commentEnd(src, int(node.List[len(node.List)-1].Slash-base))
		}
		fmt.Fprintf(to, "%s %d %d\n", name, node.Pos()-base, end)
		return true
	}
	ast.Inspect(file, print)
	for _, group := range file.Comments {
		ast.Inspect(group, print)
	}
	return nodes
}

// commentEnd is where the comment at start ends, without a carriage return before the newline; 0 where it holds others, which go/ast
// leaves out of the text and miscounts.
func commentEnd(src []byte, start int) int {
	rest := src[start:]
	if rest[1] == '/' {
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			rest = rest[:i]
		}
		rest = bytes.TrimSuffix(rest, []byte("\r"))
	} else {
		rest = rest[:2+bytes.Index(rest[2:], []byte("*/"))+2]
	}
	if bytes.IndexByte(rest, '\r') >= 0 {
		return 0
	}
	return start + len(rest)
}

func measure(out *bufio.Writer, paths []string) {
	runtime.GOMAXPROCS(1)
	var sources [][]byte
	size := 0
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			fail(err)
		}
		sources = append(sources, src)
		size += len(src)
	}
	runtime.GC()
	failures := 0
	start := cpu()
	for _, src := range sources {
		if _, err := parser.ParseFile(token.NewFileSet(), "", src, mode); err != nil {
			failures++
		}
	}
	seconds := (cpu() - start).Seconds()
	megabytes := float64(size) / 1e6
	fmt.Fprintf(out, "%d files, %.1f MB, %.3f CPU s, %.1f MB per CPU s, %d failures\n", len(paths), megabytes, seconds, megabytes/seconds, failures)
}

// cpu is what the process has used so far, garbage collection included.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func printUnicode(out *bufio.Writer) {
	fmt.Fprintln(out, unicode.Version)
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if unicode.IsLetter(r) {
			fmt.Fprintf(out, "L %x\n", r)
		} else if unicode.IsDigit(r) {
			fmt.Fprintf(out, "N %x\n", r)
		}
	}
}
