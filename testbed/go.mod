module github.com/goherd/goherd/testbed

go 1.26
