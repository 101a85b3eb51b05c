module github.com/goherd/goherd/testbed/go-oracle

go 1.26.0
