//go:build !linux

package api

import (
	"errors"
	"net/netip"
)

// opener cannot be known here.
func opener(_, _ netip.AddrPort) (uid int, ok bool, err error) {
	return 0, false, errors.ErrUnsupported
}
