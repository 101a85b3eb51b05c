module github.com/goherd/goherd/testbed/runtime-logs

go 1.16
