module github.com/goherd/goherd/testbed/std-oracle

go 1.26.0
