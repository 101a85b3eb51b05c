module github.com/goherd/goherd/testbed/deadline-chains

go 1.26

require google.golang.org/grpc v0.0.0

replace google.golang.org/grpc => ./grpc
