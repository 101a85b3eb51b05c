// Package joint lets middlewares of this module that stand next to each other
// share one context and one copy of the request: one of them makes the
// context, the other keeps its part in it.
package joint

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// Labeller is the handler of the middleware that labels goroutines.
type Labeller interface {
	http.Handler
	// Next is the handler behind it.
	Next() http.Handler
	// Enter fills in l for a request that came at the time now.
	Enter(l *Labels, r *http.Request, now time.Time)
	// Serve calls next with a request whose context answers by Value what l
	// answers. given is the request as it came.
	Serve(l *Labels, next http.Handler, w http.ResponseWriter, r, given *http.Request)
	// Value is what l knows of a key, nil for nothing.
	Value(l *Labels, key any) any
}

// Watcher is the handler of a middleware that can make a context for both.
type Watcher interface {
	http.Handler
	// Join is itself and the labeller in one. The handler behind is its own.
	Join(Labeller) http.Handler
}

// Labels is the part of the middleware that labels goroutines. Only that one
// looks into it.
type Labels struct {
	Owner  any
	Set    any
	Labels context.Context // of the set, and those that the outer context had
	Trace  string          // the id, or a header that holds it
	Start  time.Duration   // on Owner's clock; 0: the request is never slow
	Traced atomic.Pointer[context.Context]
	State  atomic.Int32
	Merged bool // the outer context had labels of its own
}

// HandBack leaves in the request that came what serving its copy has left there
// for the server and the middlewares around: the route, and the files of a form
// that are to be removed.
func HandBack(given, served *http.Request) {
	given.Pattern = served.Pattern
	if given.MultipartForm == nil {
		given.MultipartForm = served.MultipartForm
	}
}
