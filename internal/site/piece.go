package site

import "github.com/kith-web/kith/internal/engine"

// Piecer gives access to the site's index and pieces, where its engine can hand
// them out. It is of use until the handle is closed. A handle whose target is a
// folder inside a site gives the pieces of the whole site.
func (h *Handle) Piecer() (engine.Piecer, bool) {
	p, ok := h.on.site.(engine.Piecer)
	return p, ok
}
