// Flow-oracle says where control goes in Go functions.
//
//	flow-oracle                     reads paths from standard input, one a line; golang.org/x/tools/go/cfg on every function of each file
//	flow-oracle -generate SEED -functions N   prints functions of odd control flow for the program in traced/
//
// For a file, "file PATH" is printed and a line for each function, literals among them, in the order of their bodies:
//
//	OFFSET FALLS RETURNS LIVE HASH DEAD…
//
// OFFSET is that of the body's brace, FALLS is 1 where its end can be reached and RETURNS where it or a return statement can. LIVE counts
// the simple statements that can be reached, HASH is FNV-1a (64 bits) over their offsets in decimal, each followed by a newline; DEAD are
// the offsets of those that cannot. Everything may return but calls of panic by that name.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"hash/fnv"
	"log"
	"os"
	"slices"

	"golang.org/x/tools/go/cfg"
)

func main() {
	log.SetFlags(0)
	seed := flag.Uint64("generate", 0, "print functions made from this seed")
	functions := flag.Int("functions", 100, "how many of them")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if *seed != 0 {
		generate(out, *seed, *functions)
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		judge(out, lines.Text())
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}

// judge prints what go/cfg makes of a file. Files that do not parse have no lines.
func judge(out *bufio.Writer, path string) {
	fmt.Fprintln(out, "file", path)
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return
	}
	offset := func(pos token.Pos) int { return fset.PositionFor(pos, false).Offset }
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			if node.Body != nil {
				function(out, offset, node.Body)
			}
		case *ast.FuncLit:
			function(out, offset, node.Body)
		}
		return true
	})
}

func function(out *bufio.Writer, offset func(token.Pos) int, body *ast.BlockStmt) {
	graph := cfg.New(body, mayReturn)
	communications := make(map[ast.Node]bool)
	ast.Inspect(body, func(node ast.Node) bool {
		if clause, ok := node.(*ast.CommClause); ok && clause.Comm != nil {
			communications[clause.Comm] = true
		}
		return true
	})
	falls, returns := 0, 0
	var live, dead []int
	for _, block := range graph.Blocks {
		for _, node := range block.Nodes {
			switch node := node.(type) {
			case *ast.ReturnStmt:
				if block.Live {
					returns = 1
				}
				if node.Return == body.Rbrace && block.Live {
					falls = 1
					continue
				}
			case *ast.ExprStmt, *ast.SendStmt, *ast.IncDecStmt, *ast.AssignStmt, *ast.GoStmt, *ast.DeferStmt:
			default:
				continue
			}
			if communications[node] {
				continue
			}
			if block.Live {
				live = append(live, offset(node.Pos()))
			} else {
				dead = append(dead, offset(node.Pos()))
			}
		}
	}
	slices.Sort(live)
	slices.Sort(dead)
	hash := fnv.New64a()
	for _, offset := range live {
		fmt.Fprintln(hash, offset)
	}
	fmt.Fprintf(out, "%d %d %d %d %x", offset(body.Lbrace), falls, returns, len(live), hash.Sum64())
	for _, offset := range dead {
		fmt.Fprintf(out, " %d", offset)
	}
	fmt.Fprintln(out)
}

func mayReturn(call *ast.CallExpr) bool {
	name, ok := call.Fun.(*ast.Ident)
	return !ok || name.Name != "panic"
}
