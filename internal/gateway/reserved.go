package gateway

import (
	"context"
	"net/http"
	"strings"

	"github.com/kith-web/kith/internal/address"
)

// Origin is the origin of a site, for a handler of Options.Reserved or Options.Apps.
type Origin struct {
	// Address is the site's, without a path.
	Address address.Address
	// Label is its label, and URL its origin: http://<label>.localhost:5484.
	Label, URL string
	// App is whether the site is shown as an app, in the shell.
	App bool
}

type originKey struct{}

// OriginOf returns the origin that a request to a handler of Options.Reserved or
// Options.Apps is for. It was read from the Host header, which was found to be this node's.
func OriginOf(ctx context.Context) (Origin, bool) {
	o, ok := ctx.Value(originKey{}).(Origin)
	return o, ok
}

// isForApps reports whether a request is for Options.Apps: what is below /.kith/ and
// neither the gateway's own nor somebody else's.
func (x *exchange) isForApps() bool {
	path := x.r.URL.Path
	if x.g.o.Apps == nil || !x.p.canonical || path == progressPath || path != reserved && !strings.HasPrefix(path, reserved+"/") {
		return false
	}
	_, other := x.g.o.Reserved[path]
	return !other
}

// handOver lets a handler of Options.Reserved or Options.Apps answer, with the headers that every
// response of the site's origin has.
func (x *exchange) handOver(h http.Handler) {
	policy := x.policy()
	x.g.apply(x.w.Header(), x.p, policy)
	o := Origin{Address: x.p.address.Root(), Label: x.p.label, URL: x.p.origin(), App: policy.App}
	h.ServeHTTP(x.w, x.r.WithContext(context.WithValue(x.r.Context(), originKey{}, o)))
}
