module github.com/goherd/goherd/go/tests

go 1.26.0

replace github.com/goherd/goherd/go => ../

require (
	github.com/goherd/goherd/go v0.0.0
	golang.org/x/sync v0.24.0
)

require (
	github.com/panjf2000/ants/v2 v2.12.1
	github.com/sasha-s/go-deadlock v0.3.9
	go.uber.org/goleak v1.3.0
)

require github.com/petermattis/goid v0.0.0-20250813065127-a731cc31b4fe // indirect

replace github.com/goherd/goherd/go/grpc => ../grpc

replace github.com/goherd/goherd/go/sql => ../sql
