package host

import "net/http"

// serveBlocks answers below /ipfs/.
func (h *Host) serveBlocks(a *answer) { a.refuse(http.StatusNotFound) }
