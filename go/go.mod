module github.com/goherd/goherd/go

go 1.24
