// Package kernel serves documents that another package reads; on the way there the context of the request is lost.
package kernel

import (
	"fmt"
	"net/http"

	"github.com/goherd/goherd/testbed/lint-kernels/across/context-dropped/storage"
)

type handler struct {
	documents *storage.Documents
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := h.documents.Read(r.URL.Path) // via; stuck
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprint(w, text)
}
