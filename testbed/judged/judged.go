// Package judged names real modules at the versions at which every finding of goherd lint in them was judged by hand.
//
// It imports none of them: they are linted as dependencies (see crates/herd-diagnose/tests/judged.rs). go.mod and go.sum were made by `go get`
// of the modules, so that what they need for their tests is known as well; `go mod tidy` would drop it.
package judged
