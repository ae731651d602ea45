package api

import (
	"net"
	"net/http"
	"net/netip"
	"os"

	"github.com/kith-web/kith/internal/fault"
)

// ForOwner hands on what the owner's own programs ask, as far as the system tells
// whose a connection is. It is for what acts in the owner's name without a token:
// the origins of paired devices, and the sockets of pages with permissions.
func ForOwner(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := checkOpener(r); err != nil {
			fail(w, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// checkOpener refuses a connection that another user of this computer opened,
// or another computer. Where the system does not tell who opened it, it passes.
func checkOpener(r *http.Request) error {
	client, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return fault.New(fault.Forbidden, "the connection comes from nowhere known")
	}
	client = netip.AddrPortFrom(client.Addr().Unmap().WithZone(""), client.Port())
	if !client.Addr().IsLoopback() {
		return fault.New(fault.Forbidden, "this is for the computer that the node runs on").
			WithHint("forward the port with 'ssh -L', and open it there")
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return fault.New(fault.Forbidden, "the connection goes nowhere known")
	}
	server := local.AddrPort()
	server = netip.AddrPortFrom(server.Addr().Unmap().WithZone(""), server.Port())
	uid, known, err := opener(client, server)
	switch {
	case err != nil: // the system does not tell
		return nil
	case known && (uid == os.Getuid() || uid == 0):
		return nil
	}
	return fault.New(fault.Forbidden, "this node belongs to another user of this computer").
		WithHint("start one of your own with 'kith up --listen 127.0.0.1:PORT'")
}
