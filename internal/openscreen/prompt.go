package openscreen

import (
	"context"
)

// Prompter talks to the person during authentication. Which of its methods is
// called is decided by the protocol, see [Options].Ease.
type Prompter interface {
	// Present shows code, to be typed or scanned on the other device, and returns
	// at once or when ctx ends, which it does with the authentication. It may
	// change the code to one of the caller's own by returning that; returning code
	// is the rule.
	Present(ctx context.Context, peer Peer, code Code) (Code, error)
	// Ask returns what the person typed or scanned from the other device. It is
	// given up when ctx ends.
	Ask(ctx context.Context, peer Peer) (string, error)
}

// Peer is the other side of a session as a person may be told of it.
type Peer struct {
	Fingerprint Fingerprint
	// Info is what the peer says of itself: text of a stranger until the session
	// is authenticated.
	Info Info
	// Addr is where it is.
	Addr string
}

// FixedCode is a [Prompter] without a person: both devices were given the same
// code, as in scripts.
type FixedCode string

// Present answers with the fixed code.
func (f FixedCode) Present(context.Context, Peer, Code) (Code, error) { return ParseCode(string(f)) }

// Ask answers with the fixed code.
func (f FixedCode) Ask(context.Context, Peer) (string, error) { return string(f), nil }

// Info is an agent-info message (application protocol, "agent-info").
type Info struct {
	DisplayName  string
	Model        string
	Capabilities []uint64
	StateToken   string
	Locales      []string
}

// Refusal is a peer that was turned away.
type Refusal struct {
	Reason RefusalReason
	// Claimed is the identity that was announced or asked for; Shown the one that
	// the certificate has.
	Claimed, Shown Fingerprint
	Addr           string
	// Outgoing says that this agent had connected.
	Outgoing bool
}

// RefusalReason says why a peer was turned away.
type RefusalReason string

// Why peers are turned away.
const (
	// Impostor: the certificate is not the one of the identity that was claimed.
	Impostor RefusalReason = "impostor"
	// Disowned: the other side refused this agent for that.
	Disowned RefusalReason = "disowned"
	// WrongCode: the code was wrong.
	WrongCode RefusalReason = "wrong code"
	// LockedOut: too many wrong codes came from this peer or its address.
	LockedOut RefusalReason = "locked out"
)
