module github.com/goherd/goherd/testbed/lint-kernels

go 1.26.0

require golang.org/x/sync v0.24.0
