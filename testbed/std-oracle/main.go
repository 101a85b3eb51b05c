// Std-oracle holds declarations of the standard library in a folder against the library itself, both read by go/types for linux/amd64 without
// cgo:
//
//	std-oracle FOLDER
//
// Every package that GOROOT lets a program import must be in FOLDER and must type-check there, and each of its exported names must be the same
// object: kind, type, value of a constant, fields, methods that are exported, interfaces of the package it satisfies. Differences are printed, a line each, and how many packages and
// names were compared at the end; it exits with 1 where anything differs.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// library reads packages below a folder, each once.
type library struct {
	folder   string
	fset     *token.FileSet
	context  build.Context
	whole    bool
	packages map[string]*types.Package
	errs     []error
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: std-oracle FOLDER")
	}
	goroot := filepath.Join(runtime.GOROOT(), "src")
	theirs, ours := open(goroot, false), open(os.Args[1], true)
	names, packages, different := 0, 0, 0
	differ := func(format string, arguments ...any) {
		different++
		fmt.Printf(format+"\n", arguments...)
	}
	for _, path := range importable(goroot) {
		real, err := theirs.Import(path)
		if err != nil {
			if _, none := errors.AsType[*build.NoGoError](err); none {
				continue
			}
			log.Fatal(path, ": ", err)
		}
		packages++
		kept, err := ours.Import(path)
		if err != nil {
			differ("%s: %v", path, err)
			continue
		}
		for _, name := range real.Scope().Names() {
			if !token.IsExported(name) {
				continue
			}
			names++
			object := kept.Scope().Lookup(name)
			if object == nil {
				differ("%s.%s: missing", path, name)
				continue
			}
			if a, b := describe(real.Scope().Lookup(name)), describe(object); a != b {
				differ("%s.%s:\n\t%s\n\t%s", path, name, a, b)
			}
		}
	}
	for _, err := range slices.Concat(theirs.errs, ours.errs) {
		differ("%v", err)
	}
	fmt.Println(packages, "packages,", names, "names,", different, "different")
	if different > 0 {
		os.Exit(1)
	}
}

func open(folder string, whole bool) *library {
	context := build.Default
	context.GOOS, context.GOARCH, context.CgoEnabled = "linux", "amd64", false
	return &library{folder, token.NewFileSet(), context, whole, map[string]*types.Package{"unsafe": types.Unsafe}, nil}
}

// importable lists what a program may import.
func importable(goroot string) []string {
	var paths []string
	err := filepath.WalkDir(goroot, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		switch name := entry.Name(); {
		case name == "testdata", name == "internal", name == "vendor", name == "cmd", name == "builtin", name[0] == '_':
			return filepath.SkipDir
		}
		if path != goroot {
			paths = append(paths, filepath.ToSlash(path[len(goroot)+1:]))
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	return paths
}

func (l *library) Import(path string) (*types.Package, error) {
	if known, ok := l.packages[path]; ok {
		return known, nil
	}
	folder := filepath.Join(l.folder, filepath.FromSlash(path))
	if _, err := os.Stat(folder); err != nil {
		path = "vendor/" + path
		folder = filepath.Join(l.folder, filepath.FromSlash(path))
		if known, ok := l.packages[path]; ok {
			return known, nil
		}
	}
	var names []string
	if l.whole {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), ".go") {
				names = append(names, entry.Name())
			}
		}
	} else {
		found, err := l.context.ImportDir(folder, 0)
		if err != nil {
			return nil, err
		}
		names = found.GoFiles
	}
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(l.fset, filepath.Join(folder, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	config := types.Config{
		Importer: l, IgnoreFuncBodies: true, FakeImportC: true, Sizes: types.SizesFor("gc", "amd64"),
		Error: func(err error) {
			// Nothing has a body in the folder.
			if !strings.Contains(err.Error(), "missing function body") {
				l.errs = append(l.errs, err)
			}
		},
	}
	checked, _ := config.Check(path, l.fset, files, nil)
	l.packages[path] = checked
	return checked, nil
}

// describe writes what an importer sees of an object, and the unexported fields of structs.
func describe(object types.Object) string {
	path := func(p *types.Package) string { return p.Path() }
	var text strings.Builder
	fmt.Fprint(&text, types.ObjectString(object, path))
	switch object := object.(type) {
	case *types.Const:
		fmt.Fprint(&text, " = ", object.Val().ExactString())
	case *types.TypeName:
		fmt.Fprint(&text, " ", types.TypeString(object.Type().Underlying(), path))
		methods := make(map[string]string)
		for _, of := range []types.Type{object.Type(), types.NewPointer(object.Type())} {
			set := types.NewMethodSet(of)
			for i := range set.Len() {
				method := set.At(i)
				if method.Obj().Exported() {
					methods[fmt.Sprint(of, method.Obj().Name())] = types.SelectionString(method, path)
				}
			}
		}
		for _, name := range slices.SortedFunc(maps.Keys(methods), cmp.Compare[string]) {
			fmt.Fprint(&text, "; ", methods[name])
		}
		// Interfaces may ask for methods that are not exported.
		scope := object.Pkg().Scope()
		for _, name := range scope.Names() {
			asked, ok := scope.Lookup(name).Type().Underlying().(*types.Interface)
			if ok && token.IsExported(name) && asked.NumMethods() > 0 {
				fmt.Fprint(&text, "; ", name, " ", types.Implements(object.Type(), asked), types.Implements(types.NewPointer(object.Type()), asked))
			}
		}
	}
	return text.String()
}
