module github.com/goherd/goherd/go/tests

go 1.26.0

replace github.com/goherd/goherd/go => ../

require (
	github.com/goherd/goherd/go v0.0.0
	golang.org/x/sync v0.24.0
)

require go.uber.org/goleak v1.3.0
