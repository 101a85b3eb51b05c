// Types-oracle says what go/types makes of packages: the type of every expression, what every name refers to, every selection.
//
// Arguments are patterns as `go list` takes them, seen from the working directory; -test adds tests. Printed are, for each file, a line
//
//	F PATH
//
// and below it, in offsets of the file:
//
//	E OFFSET TEXT                   a mistake
//	T START END TYPE [VALUE]       an expression; values of constant integers and truth values only
//	U START l|o FILE OFFSET        a name and the declaration it refers to: of a function's variable, of anything else
//	U START KIND                   p package, f field, i interface method, t type parameter, u predeclared
//	S START KIND INDIRECT PATH TYPE  a selection, by the name behind the dot: KIND is f, m or e as in types.SelectionKind
//
//	I START TYPES                   type arguments of a generic function, by its name, separated by commas
//
// TYPE and FILE are numbers of texts, which stand in lines "D NUMBER TEXT" above. In the texts of types, aliases are what they stand for,
// parameters have no names, and interfaces have all their methods in order.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// listed is a package as `go list -json` has it.
type listed struct {
	Dir        string
	ImportPath string
	ForTest    string
	DepOnly    bool
	GoFiles    []string
	CgoFiles   []string
	ImportMap  map[string]string
	Module     *struct{ GoVersion string }
}

func main() {
	tests := flag.Bool("test", false, "tests too")
	flag.Parse()
	if err := run(*tests, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(tests bool, patterns []string) error {
	arguments := []string{"list", "-e", "-deps", "-json=Dir,ImportPath,ForTest,DepOnly,GoFiles,CgoFiles,ImportMap,Module"}
	if tests {
		arguments = append(arguments, "-test")
	}
	command := exec.Command("go", append(append(arguments, "--"), patterns...)...)
	command.Stderr = os.Stderr
	text, err := command.Output()
	// Of packages that cannot be loaded it tells all the same, and fails.
	if err != nil && len(text) == 0 {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	oracle := &oracle{
		set:      token.NewFileSet(),
		packages: map[string]*types.Package{"unsafe": types.Unsafe},
		printed:  map[string]bool{},
		out:      out,
		texts:    map[string]int{},
		byType:   map[types.Type]int{},
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	var all []listed
	for {
		var one listed
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		all = append(all, one)
	}
	for _, one := range all {
		if !strings.HasSuffix(one.ImportPath, ".test") && one.ImportPath != "unsafe" {
			oracle.check(one, tests)
		}
	}
	return out.Flush()
}

type oracle struct {
	set      *token.FileSet
	packages map[string]*types.Package
	// Files that were printed: of a package and its variant with tests only the latter counts.
	printed map[string]bool
	out     *bufio.Writer
	texts   map[string]int
	byType  map[types.Type]int
}

func (o *oracle) check(of listed, tests bool) {
	// With tests, a package that has any is printed as its tests see it.
	wanted := !of.DepOnly
	var files []*ast.File
	for _, name := range append(slices.Clone(of.GoFiles), of.CgoFiles...) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(of.Dir, name)
		}
		file, err := parser.ParseFile(o.set, name, nil, parser.SkipObjectResolution)
		if file == nil {
			fmt.Fprintln(os.Stderr, err)
			continue
		}
		files = append(files, file)
	}
	version := ""
	if of.Module != nil && of.Module.GoVersion != "" {
		version = "go" + of.Module.GoVersion
	}
	mistakes := map[string][]string{}
	config := types.Config{
		GoVersion:        version,
		IgnoreFuncBodies: !wanted,
		FakeImportC:      true,
		Error: func(err error) {
			if mistake := (types.Error{}); errors.As(err, &mistake) {
				place := o.set.PositionFor(mistake.Pos, false)
				text := fmt.Sprint(place.Offset, " ", strings.ReplaceAll(mistake.Msg, "\n", " "))
				mistakes[place.Filename] = append(mistakes[place.Filename], text)
			}
		},
		Sizes: types.SizesFor("gc", cmp.Or(os.Getenv("GOARCH"), runtime.GOARCH)),
		Importer: importer(func(path string) (*types.Package, error) {
			if mapped, ok := of.ImportMap[path]; ok {
				path = mapped
			}
			if known := o.packages[path]; known != nil {
				return known, nil
			}
			return nil, fmt.Errorf("no package %s", path)
		}),
	}
	info := &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
		Instances:  map[*ast.Ident]types.Instance{},
	}
	if !wanted {
		info = nil
	}
	path, _, _ := strings.Cut(of.ImportPath, " ")
	checked, _ := config.Check(path, o.set, files, info)
	o.packages[of.ImportPath] = checked
	if wanted && (!tests || of.ForTest != "" || !hasTests(of)) {
		for _, file := range files {
			o.print(file, info, mistakes)
		}
	}
}

// hasTests tells whether a package has tests inside it, so that it comes again with these.
func hasTests(of listed) bool {
	names, _ := filepath.Glob(filepath.Join(of.Dir, "*_test.go"))
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly)
		if err == nil && !strings.HasSuffix(file.Name.Name, "_test") {
			return true
		}
	}
	return false
}

type importer func(string) (*types.Package, error)

func (i importer) Import(path string) (*types.Package, error) { return i(path) }

func (o *oracle) text(text string) int {
	number, ok := o.texts[text]
	if !ok {
		number = len(o.texts)
		o.texts[text] = number
		fmt.Fprintf(o.out, "D %d %s\n", number, text)
	}
	return number
}

func (o *oracle) typeText(of types.Type) int {
	number, ok := o.byType[of]
	if !ok {
		var text strings.Builder
		write(&text, of, 0)
		number = o.text(text.String())
		o.byType[of] = number
	}
	return number
}

func (o *oracle) print(file *ast.File, info *types.Info, mistakes map[string][]string) {
	name := o.set.File(file.FileStart).Name()
	if o.printed[name] {
		return
	}
	o.printed[name] = true
	fmt.Fprintf(o.out, "F %s\n", name)
	for _, mistake := range mistakes[name] {
		fmt.Fprintf(o.out, "E %s\n", mistake)
	}
	base := token.Pos(o.set.File(file.FileStart).Base())
	ast.Inspect(file, func(node ast.Node) bool {
		expr, ok := node.(ast.Expr)
		if !ok {
			return true
		}
		if known, ok := info.Types[expr]; ok && !known.IsBuiltin() && isPlain(known.Type) {
			value := ""
			if known.Value != nil && (known.Value.Kind() == constant.Int || known.Value.Kind() == constant.Bool) {
				value = " " + known.Value.ExactString()
			}
			number := o.typeText(known.Type)
			fmt.Fprintf(o.out, "T %d %d %d%s\n", expr.Pos()-base, expr.End()-base, number, value)
		}
		switch expr := expr.(type) {
		case *ast.Ident:
			if instance, ok := info.Instances[expr]; ok {
				o.instance(int(expr.Pos()-base), instance)
			}
			if object := info.Uses[expr]; object != nil {
				o.use(int(expr.Pos()-base), object)
			} else if variable, ok := info.Defs[expr].(*types.Var); ok && variable.Name() != "_" && !variable.IsField() {
				o.use(int(expr.Pos()-base), variable)
			}
		case *ast.SelectorExpr:
			if selection := info.Selections[expr]; selection != nil && isPlain(selection.Type()) {
				kind := [...]string{"f", "m", "e"}[selection.Kind()]
				number := o.typeText(selection.Type())
				path := strings.Trim(strings.ReplaceAll(fmt.Sprint(selection.Index()), " ", ","), "[]")
				fmt.Fprintf(o.out, "S %d %s %t %s %d\n", expr.Sel.Pos()-base, kind, selection.Indirect(), path, number)
			}
		}
		return true
	})
}

func (o *oracle) instance(start int, instance types.Instance) {
	if _, ok := instance.Type.(*types.Signature); !ok {
		return
	}
	var numbers []string
	for i := range instance.TypeArgs.Len() {
		numbers = append(numbers, fmt.Sprint(o.typeText(instance.TypeArgs.At(i))))
	}
	fmt.Fprintf(o.out, "I %d %s\n", start, strings.Join(numbers, ","))
}

func (o *oracle) use(start int, object types.Object) {
	kind := "o"
	switch object := object.(type) {
	case *types.PkgName:
		kind = "p"
	case *types.Label:
		return
	case *types.Var:
		if object.IsField() {
			kind = "f"
		} else if object.Parent() == nil || object.Parent() != object.Pkg().Scope() {
			kind = "l"
		}
	case *types.Func:
		if receiver := object.Signature().Recv(); receiver != nil && types.IsInterface(receiver.Type()) {
			kind = "i"
		}
	case *types.TypeName:
		if _, ok := object.Type().(*types.TypeParam); ok {
			kind = "t"
		}
	}
	if kind != "l" && kind != "o" {
		fmt.Fprintf(o.out, "U %d %s\n", start, kind)
		return
	}
	if !object.Pos().IsValid() {
		fmt.Fprintf(o.out, "U %d u\n", start)
		return
	}
	place := o.set.PositionFor(object.Pos(), false)
	number := o.text(place.Filename)
	fmt.Fprintf(o.out, "U %d %s %d %d\n", start, kind, number, place.Offset)
}

// isPlain tells whether a type has a text here: unions and functions with type parameters have none, and what is not valid.
func isPlain(of types.Type) bool {
	switch of := types.Unalias(of).(type) {
	case nil, *types.Union:
		return false
	case *types.Signature:
		return of.TypeParams().Len() == 0
	case *types.Basic:
		return of.Kind() != types.Invalid
	}
	return true
}

func write(to *strings.Builder, of types.Type, depth int) {
	// Types that are not valid may have no end.
	if depth > 50 || to.Len() > 10_000 {
		to.WriteString("…")
		return
	}
	depth++
	list := func(tuple *types.Tuple, variadic bool) {
		to.WriteString("(")
		for i := range tuple.Len() {
			if i > 0 {
				to.WriteString(", ")
			}
			of := tuple.At(i).Type()
			if slice, ok := types.Unalias(of).(*types.Slice); variadic && ok && i == tuple.Len()-1 {
				to.WriteString("...")
				of = slice.Elem()
			}
			write(to, of, depth)
		}
		to.WriteString(")")
	}
	signature := func(of *types.Signature) {
		list(of.Params(), of.Variadic())
		switch of.Results().Len() {
		case 0:
		case 1:
			to.WriteString(" ")
			write(to, of.Results().At(0).Type(), depth)
		default:
			to.WriteString(" ")
			list(of.Results(), false)
		}
	}
	switch of := types.Unalias(of).(type) {
	case *types.Basic:
		switch of.Kind() {
		case types.Invalid:
			to.WriteString("?")
		case types.Uint8:
			to.WriteString("uint8")
		case types.Int32:
			to.WriteString("int32")
		default:
			to.WriteString(of.String())
		}
	case *types.Named:
		if of.Obj().Pkg() != nil {
			to.WriteString(of.Obj().Pkg().Path() + ".")
		}
		to.WriteString(of.Obj().Name())
		if of.TypeArgs().Len() > 0 {
			to.WriteString("[")
			for i := range of.TypeArgs().Len() {
				if i > 0 {
					to.WriteString(",")
				}
				write(to, of.TypeArgs().At(i), depth)
			}
			to.WriteString("]")
		}
	case *types.Pointer:
		to.WriteString("*")
		write(to, of.Elem(), depth)
	case *types.Slice:
		to.WriteString("[]")
		write(to, of.Elem(), depth)
	case *types.Array:
		fmt.Fprintf(to, "[%d]", of.Len())
		write(to, of.Elem(), depth)
	case *types.Map:
		to.WriteString("map[")
		write(to, of.Key(), depth)
		to.WriteString("]")
		write(to, of.Elem(), depth)
	case *types.Chan:
		to.WriteString([...]string{"chan ", "chan<- ", "<-chan "}[of.Dir()])
		if element, ok := types.Unalias(of.Elem()).(*types.Chan); ok && of.Dir() != types.SendOnly && element.Dir() == types.RecvOnly {
			to.WriteString("(")
			write(to, element, depth)
			to.WriteString(")")
		} else {
			write(to, of.Elem(), depth)
		}
	case *types.Signature:
		to.WriteString("func")
		signature(of)
	case *types.Struct:
		to.WriteString("struct{")
		for i := range of.NumFields() {
			if i > 0 {
				to.WriteString("; ")
			}
			field := of.Field(i)
			if !field.Embedded() {
				to.WriteString(field.Name() + " ")
			}
			write(to, field.Type(), depth)
		}
		to.WriteString("}")
	case *types.Tuple:
		list(of, false)
	case *types.TypeParam:
		to.WriteString(of.Obj().Name())
	case *types.Interface:
		if of.Empty() {
			to.WriteString("any")
			return
		}
		if !of.IsMethodSet() {
			to.WriteString("constraint")
			return
		}
		to.WriteString("interface{")
		var methods []*types.Func
		for i := range of.NumMethods() {
			methods = append(methods, of.Method(i))
		}
		slices.SortFunc(methods, func(a, b *types.Func) int { return strings.Compare(a.Name(), b.Name()) })
		for i, method := range methods {
			if i > 0 {
				to.WriteString("; ")
			}
			to.WriteString(method.Name())
			signature(method.Signature())
		}
		to.WriteString("}")
	default:
		fmt.Fprintf(to, "%T", of)
	}
}
