package transfer

import (
	"context"
	"encoding/base64"
	"io"
	"net"
)

// Fingerprint is the SHA-256 of the SubjectPublicKeyInfo in a device's
// certificate, by which it is known.
type Fingerprint [32]byte

// String is the form of the DNS-SD records of the Open Screen Protocol.
func (f Fingerprint) String() string { return base64.StdEncoding.EncodeToString(f[:]) }

// Session is an authenticated connection with another device, for one transfer.
type Session interface {
	// Peer is whom the session was authenticated with.
	Peer() Fingerprint
	// RemoteAddr is where the peer is.
	RemoteAddr() net.Addr
	// Open opens a bidirectional stream; Accept waits for one the peer opened.
	Open(ctx context.Context) (io.ReadWriteCloser, error)
	Accept(ctx context.Context) (io.ReadWriteCloser, error)
	// Close ends the session, and every stream of it.
	Close() error
}
