package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"syscall"

	"github.com/kith-web/kith/internal/fault"
)

// listen opens the gateway's port. Browsers resolve names under .localhost to
// 127.0.0.1, to ::1 or to both, so where one of them is asked for, the other is
// opened too if it is free.
func listen(ctx context.Context, address string, log *slog.Logger) (listeners []net.Listener, port int, err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, 0, fault.New(fault.Invalid, "cannot listen on %q: %w", address, err)
	}
	if host == "localhost" { // never asked of a resolver
		_, p, _ := net.SplitHostPort(address)
		host, address = "127.0.0.1", net.JoinHostPort("127.0.0.1", p)
	}
	var lc net.ListenConfig
	first, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, 0, portError(address, err)
	}
	port = first.Addr().(*net.TCPAddr).Port
	listeners = []net.Listener{first}
	other := map[string]string{"127.0.0.1": "::1", "::1": "127.0.0.1"}[host]
	if other == "" {
		return listeners, port, nil
	}
	second, err := lc.Listen(ctx, "tcp", net.JoinHostPort(other, strconv.Itoa(port)))
	switch {
	case err == nil:
		listeners = append(listeners, second)
	case isTaken(err):
		log.Warn("another program listens on the other loopback address: a browser may end there",
			"address", other, "port", port)
	}
	return listeners, port, nil
}

// wsaAddrInUse is what Windows calls EADDRINUSE (WinSock2.h).
const wsaAddrInUse = syscall.Errno(10048)

func isTaken(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || runtime.GOOS == "windows" && errors.Is(err, wsaAddrInUse)
}

func portError(address string, err error) error {
	if isTaken(err) {
		return fault.New(fault.InUse, "another program already listens on %s: %w", address, err).
			WithHint("stop it, or choose another port with --listen 127.0.0.1:PORT")
	}
	if errors.Is(err, syscall.EACCES) {
		return fault.New(fault.Forbidden, "this user may not listen on %s: %w", address, err).
			WithHint("choose a port above 1023 with --listen 127.0.0.1:PORT")
	}
	return fmt.Errorf("listen on %s: %w", address, err)
}
