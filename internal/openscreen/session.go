package openscreen

import (
	"context"
	"crypto/x509"
	"net/netip"
)

// Session is a connection with another agent. Its methods may be called at any
// time from anywhere.
type Session struct{}

// Peer is whom the session is with: the peer has proven to hold this key.
// Whether the key belongs to whom people think is said by Authenticated.
func (s *Session) Peer() Fingerprint { return Fingerprint{} }

// PeerCertificate is the certificate of the peer.
func (s *Session) PeerCertificate() *x509.Certificate { return nil }

// Info is the newest agent-info of the peer.
func (s *Session) Info() Info { return Info{} }

// Outgoing reports whether this agent opened the session.
func (s *Session) Outgoing() bool { return false }

// RemoteAddr is where the peer is.
func (s *Session) RemoteAddr() netip.AddrPort { return netip.AddrPort{} }

// LocalAddr is the address that the peer talks to; unspecified when the system
// does not say.
func (s *Session) LocalAddr() netip.AddrPort { return netip.AddrPort{} }

// Authenticated reports whether both sides know each other, from before or by a
// code in this session.
func (s *Session) Authenticated() bool { return false }

// Presents reports whether this side is the one to show the code.
func (s *Session) Presents() bool { return false }

// Authenticate makes sure that the session is authenticated: at once when it is,
// else by a code. It starts the attempt or joins the one that the peer started;
// p answers in place of [Options].Prompter. A failed attempt ends the session,
// as the protocol wants it; connect again to try again. The errors have kind
// Unauthorized (wrong code), Unreachable (too late), RateLimited (locked out) or
// Canceled.
func (s *Session) Authenticate(ctx context.Context, p Prompter) error { return errUnbuilt }

// AwaitAuthenticated waits until the session is authenticated or has ended.
func (s *Session) AwaitAuthenticated(ctx context.Context) error { return errUnbuilt }

// OpenDataChannel opens a data channel and waits for the peer's yes. It fails
// with kind TooLarge when there are too many.
func (s *Session) OpenDataChannel(ctx context.Context, o ChannelOptions) (*DataChannel, error) {
	return nil, errUnbuilt
}

// AcceptDataChannel waits for a data channel that the peer wants to open, to be
// accepted or rejected.
func (s *Session) AcceptDataChannel(ctx context.Context) (*ChannelRequest, error) {
	return nil, errUnbuilt
}

// OpenTransport opens a transport for protocol, for example "kith-transfer/1",
// and waits for the peer's yes. A no is of kind Forbidden.
func (s *Session) OpenTransport(ctx context.Context, protocol string) (*Transport, error) {
	return nil, errUnbuilt
}

// AcceptTransport waits for a transport that the peer wants to open, to be
// accepted or rejected.
func (s *Session) AcceptTransport(ctx context.Context) (*TransportRequest, error) {
	return nil, errUnbuilt
}

// Done is closed when the session has ended; Err then says why.
func (s *Session) Done() <-chan struct{} { return nil }

// Err is nil while the session lasts, and after that what ended it: a
// [*ClosedError] when a side closed it.
func (s *Session) Err() error { return nil }

// Close ends the session and all that it carries. The peer learns code and
// reason.
func (s *Session) Close(code CloseCode, reason string) error { return errUnbuilt }
