package openscreen

import "fmt"

// CloseCode is the application error code that a session is closed with.
type CloseCode uint64

// The codes of sessions. 404 and 5139 are the protocol's, the others are in
// spec/open-screen.md, section 6.
const (
	// CloseNormal: a side is done with it.
	CloseNormal CloseCode = 0
	// CloseShutdown: the agent ends.
	CloseShutdown CloseCode = 1
	// CloseMalformed: the peer sent something that is no message.
	CloseMalformed CloseCode = 400
	// CloseImpostor: the certificate is not the one of the identity claimed.
	CloseImpostor CloseCode = 403
	// CloseUnknownMessage: a message with an unknown type key came; the reason
	// names the key.
	CloseUnknownMessage CloseCode = 404
	// CloseTooMany: a limit was passed.
	CloseTooMany CloseCode = 413
	// CloseLockedOut: too many wrong codes.
	CloseLockedOut CloseCode = 429
	// CloseIdle: neither side needs the session.
	CloseIdle CloseCode = 5139
	// CloseAuthentication and the result of auth-status that it is added to: the
	// authentication failed.
	CloseAuthentication CloseCode = 5200
)

// ClosedError is how a session was closed.
type ClosedError struct {
	Code   CloseCode
	Reason string
	// Remote says that the peer closed it.
	Remote bool
}

func (e *ClosedError) Error() string {
	who := "this side"
	if e.Remote {
		who = "the other side"
	}
	if e.Reason == "" {
		return fmt.Sprintf("%s closed the session (%d)", who, e.Code)
	}
	return fmt.Sprintf("%s closed the session (%d): %s", who, e.Code, e.Reason)
}
