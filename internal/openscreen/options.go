package openscreen

import (
	"log/slog"
	"net/netip"
	"time"
)

// Options say who an agent is and what it may use.
type Options struct {
	// DisplayName is what people call this device; required.
	DisplayName string
	// Model is the model name in agent-info and the certificate's issuer.
	Model string
	// Locales are language tags in order of preference; default "en".
	Locales []string
	// Identity is the agent's key with the counter of its certificates; make one
	// with [NewIdentity], keep what SaveIdentity brings, and read it back with
	// [ParseIdentity].
	Identity *Identity
	// SaveIdentity is called with the new state whenever a certificate was made,
	// before it is used. Its error fails what needed the certificate. nil keeps
	// nothing.
	SaveIdentity func(state []byte) error

	// Listen is the UDP address of QUIC; the zero value is every address and a
	// port of the system's choice.
	Listen netip.AddrPort
	// Interfaces are the names of the network interfaces to announce and look on;
	// none means all that are up and can multicast, loopback only when there is
	// no other.
	Interfaces []string
	// MulticastPort is the port of mDNS; default 5353. Tests take another.
	MulticastPort uint16

	// Ease is how easy it is to type a code on this device, 0 (impossible) to 100.
	// The device with the lower one shows the code; when they are equal, the one
	// that was connected to.
	Ease int
	// Scans says that this device can read QR codes.
	Scans bool
	// CodeBits is the least entropy of a code, 20 to 60; default 20.
	CodeBits int
	// Known reports whether a peer was authenticated before; such a peer needs no
	// code. nil knows nobody. It must be quick.
	Known func(Fingerprint) bool
	// Prompter answers when a peer starts the authentication of a session that
	// nobody called Authenticate on. nil leaves such a peer waiting.
	Prompter Prompter
	// Refused is told of peers that were turned away, so that people can hear of
	// it. It must be quick; nil tells nobody.
	Refused func(Refusal)

	// Legacy speaks the authentication of an early implementation (SPAKE2 on
	// P-256, no initiation token) instead of the protocol's; for experiments with
	// it only. See spec/open-screen.md.
	Legacy bool

	// Limits bound what peers can cost; zero fields take their defaults.
	Limits Limits
	// Log receives what an operator may want to know; nil discards it.
	Log *slog.Logger
}

// Limits bound what peers and callers can make an agent hold.
type Limits struct {
	// Sessions at once; default 64. Pending ones that are not authenticated count
	// besides: Strangers, default 16, and 4 of one address.
	Sessions  int
	Strangers int
	// Devices remembered from announcements; default 256.
	Devices int
	// Packets of mDNS looked at in a second; default 200. The rest is dropped.
	Packets int
	// Channels and Transports at once in a session; default 1024 and 64.
	Channels   int
	Transports int
	// Streams a peer may have open at once in a session; default 2048 of each
	// direction.
	Streams int
	// Message is the largest message of a data channel; default 16 MiB. Control
	// is the largest of every other message; default 16 KiB.
	Message int
	Control int
	// StreamWindow and SessionWindow are the most QUIC buffers for a peer;
	// default 32 MiB and 64 MiB. A session that is not authenticated has 64 KiB.
	StreamWindow  uint64
	SessionWindow uint64
	// Handshake is how long connecting may take, agent-info included; default
	// 10 s. Idle is after how long without a word a session ends; default 25 s.
	Handshake time.Duration
	Idle      time.Duration
	// Code is how long a code is good for; default 2 minutes.
	Code time.Duration
	// WrongCodes lock a peer out for Lockout; default 5 and 10 minutes. Each wrong
	// code before that doubles the wait, from WrongCodeWait; default 1 s.
	WrongCodes    int
	Lockout       time.Duration
	WrongCodeWait time.Duration
}
