module github.com/goherd/goherd/testbed/types-oracle

go 1.26.0
