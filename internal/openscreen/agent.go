package openscreen

import (
	"context"
	"crypto/tls"
	"net/netip"

	"github.com/kith-web/kith/internal/fault"
)

// errUnbuilt is what is answered while a part is being written.
var errUnbuilt = fault.New(fault.Unsupported, "not built yet")

// Agent is this device on the network. Its methods may be called at any time
// from anywhere.
type Agent struct{}

// New starts an agent: it listens for sessions, but neither announces itself
// nor looks for others until it is told to.
func New(Options) (*Agent, error) { return nil, errUnbuilt }

// Close says goodbye to the network and ends every session with code
// [CloseShutdown].
func (a *Agent) Close() error { return errUnbuilt }

// Fingerprint is what this agent is known by.
func (a *Agent) Fingerprint() Fingerprint { return Fingerprint{} }

// Certificate is the agent certificate with its key, for TLS beside QUIC that a
// paired peer can verify by the same fingerprint.
func (a *Agent) Certificate() tls.Certificate { return tls.Certificate{} }

// Addr is where QUIC listens.
func (a *Agent) Addr() netip.AddrPort { return netip.AddrPort{} }

// SetDisplayName renames the device: its sessions are told, and so is the
// network when it announces itself.
func (a *Agent) SetDisplayName(name string) error { return errUnbuilt }

// SetAdvertising starts or stops announcing this agent. Stopping says goodbye.
func (a *Agent) SetAdvertising(on bool) error { return errUnbuilt }

// SetDiscovering starts or stops looking for others. Stopping forgets the ones
// that were found.
func (a *Agent) SetDiscovering(on bool) error { return errUnbuilt }

// Devices are those that announce themselves now, this agent itself not among
// them, in order of their names.
func (a *Agent) Devices() []Device { return nil }

// Watch returns a channel that brings first every device that is there as Found,
// then what happens to them, until ctx ends and it is closed. A slow reader
// misses what was overtaken, never the last state.
func (a *Agent) Watch(ctx context.Context) <-chan Event { return nil }

// Dial connects to a device and exchanges agent-info. It fails with kind
// Forbidden when the device does not hold the key of its fingerprint, and is
// done with whether or not the session is authenticated: see
// [Session.Authenticated]. A device need not come from announcements: its
// Fingerprint and one of Addrs suffice to reach one that is known.
func (a *Agent) Dial(ctx context.Context, d Device) (*Session, error) { return nil, errUnbuilt }

// Accept waits for a session that another agent opened, agent-info exchanged.
func (a *Agent) Accept(ctx context.Context) (*Session, error) { return nil, errUnbuilt }
