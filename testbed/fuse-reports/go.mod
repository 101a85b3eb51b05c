module github.com/goherd/goherd/testbed/fuse-reports

go 1.24

require github.com/goherd/goherd/go v0.0.0

replace github.com/goherd/goherd/go => ../../go
