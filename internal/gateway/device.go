package gateway

import (
	"net/http"

	"github.com/kith-web/kith/internal/fault"
)

// serveDevice hands a request for the origin of a device nearby to whoever
// reaches it. Other than a site, a device takes every method, so what another
// origin made the browser send is refused by its Origin too: WebSockets and
// forms of older browsers have no other mark.
func (x *exchange) serveDevice() {
	if o := header(x.r, "Origin"); o != "" && o != x.p.origin() {
		x.fail(fault.New(fault.Forbidden, "a page of %.100q may not use %q", o, x.p.name).
			WithHint("open the device in a tab of its own"))
		return
	}
	if !x.p.canonical {
		if x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
			x.fail(fault.New(fault.Invalid, "%q is written %s", x.p.name, x.p.origin()))
			return
		}
		x.redirect(http.StatusMovedPermanently, x.p.origin()+requestURI(x.r))
		return
	}
	x.g.o.Nearby.ServeHTTP(x.w, x.r)
}
