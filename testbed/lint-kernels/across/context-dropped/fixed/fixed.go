// Package fixed serves documents that another package reads under the context of the request.
package fixed

import (
	"fmt"
	"net/http"

	"github.com/goherd/goherd/testbed/lint-kernels/across/context-dropped/fixed/storage"
)

type handler struct {
	documents *storage.Documents
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := h.documents.Read(r.Context(), r.URL.Path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprint(w, text)
}
