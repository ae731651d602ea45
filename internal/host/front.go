package host

import (
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/http"
	"strings"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
)

// Front is an existing website whose visitors serve one another. It answers for
// itself, whatever the method; the host adds the loader to its pages, and /.kith/.
type Front interface {
	http.Handler
	// Site is the website's origin as visitors see it.
	Site() string
	// Key is what signs its indices.
	Key() ed25519.PublicKey
	// Version returns the version called id with its name, the newest one for "".
	Version(id string) (v engine.Piecer, name string, ok bool)
}

// serveFront has a front answer.
func (h *Host) serveFront(a *answer) {
	head := a.Header()
	for name := range head { // what a website says of itself is its own affair
		if name != "Strict-Transport-Security" {
			head.Del(name)
		}
	}
	a.pages = true
	in := a.r.Clone(a.r.Context())
	in.RemoteAddr = net.JoinHostPort(guard.Client(a.r, h.o.Trusted).String(), "0")
	if in.TLS == nil && h.isSecure(a.r) {
		in.TLS = &tls.ConnectionState{} // it came by a proxy; the front passes that on
	}
	a.front = true
	if a.loader = !h.o.Plain && isPage(a.r); a.loader {
		unmarkTags(in.Header)
		in.Header.Del("Accept-Encoding") // nothing can be put into what is compressed
	}
	a.site.site.Front.ServeHTTP(a, in)
	a.end()
}

// openFront is open for a front.
func openFront(f Front, id string) (*version, error) {
	pieces, name, ok := f.Version(id)
	if !ok {
		return nil, fault.New(fault.NotFound, "no version %.100q of this site was handed out", id)
	}
	return &version{id: name, pieces: pieces}, nil
}

// describeFront completes what visitors are told of a front.
func describeFront(f Front, info *Info) {
	info.Address, info.Key = f.Site(), base64.StdEncoding.EncodeToString(f.Key())
	info.Label, info.Node = "", "" // no node can open it
}

// isReserved reports whether a path is the host's own.
func isReserved(path string) bool { return path == reserved || strings.HasPrefix(path, reserved+"/") }
