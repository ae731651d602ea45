//go:build !unix || solaris || aix

package relay

import (
	"syscall"

	"github.com/kith-web/kith/internal/fault"
)

// reusePort is not to be had on this system in a form that is safe.
func reusePort(_, _ string, _ syscall.RawConn) error {
	return fault.New(fault.Unsupported, "this system cannot share a port between two programs")
}
