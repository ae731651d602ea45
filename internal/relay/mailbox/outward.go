package mailbox

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
)

// outwardTime bounds a request that others have the relay make.
const outwardTime = 15 * time.Second

// outward is a client for URLs that others choose. It connects to public
// addresses alone, looked at when the connection is made, so that no name can
// point elsewhere meanwhile; it uses no proxy and follows nothing.
func outward(private bool) *http.Client {
	d := net.Dialer{Timeout: 5 * time.Second, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("read the address %q: %w", address, err)
		}
		if !private && !guard.Public(at.Addr()) {
			return fault.New(fault.Forbidden, "%s is no public address", at.Addr())
		}
		return nil
	}}
	return &http.Client{
		Timeout: outwardTime,
		Transport: &http.Transport{
			DialContext: d.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: outwardTime,
			MaxIdleConns: 64, MaxConnsPerHost: 16, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
			MaxResponseHeaderBytes: 16 << 10, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
