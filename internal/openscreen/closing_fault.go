package openscreen

import (
	"context"
	"errors"

	"github.com/quic-go/quic-go"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen/wire"
)

// Errors of authentication, as people are told.
var (
	errLockedOut = fault.New(fault.RateLimited, "too many wrong codes came from this device").
			WithHint("wait some minutes, then try again with the code that is shown")
	errWrongCode = fault.New(fault.Unauthorized, "the code was wrong").
			WithHint("try again: the other device shows another code")
	errTooLate = fault.New(fault.Unreachable, "the code was not entered in time").
			WithHint("try again: the other device shows another code")
	errNoCode   = fault.New(fault.Canceled, "no code was entered")
	errConfused = fault.New(fault.Unsupported, "the authentication did not go by the protocol").
			WithHint("see whether both devices run a current version")
	errNotAuthenticated = fault.New(fault.Unauthorized, "this device is not paired").
				WithHint("pair the devices first, by a code")
	errImpostor = fault.New(fault.Forbidden, "the device is not the one that it says it is").
			WithHint("somebody may be in its place: do not enter codes, and see who else is on this network")
)

// ended turns what QUIC says into the error of a session.
func ended(cause error) error {
	var app *quic.ApplicationError
	var idle *quic.IdleTimeoutError
	switch {
	case cause == nil:
		return fault.New(fault.Canceled, "the session has ended")
	case errors.As(cause, &app):
		return &ClosedError{Code: CloseCode(app.ErrorCode), Reason: printable(app.ErrorMessage), Remote: app.Remote}
	case errors.As(cause, &idle):
		return fault.New(fault.Unreachable, "the device does not answer any more: %w", cause)
	case errors.Is(cause, context.Canceled):
		return fault.New(fault.Canceled, "the session has ended")
	}
	return fault.New(fault.Unreachable, "the connection to the device broke: %w", cause)
}

// authError turns the end of a session into the outcome of its authentication.
func authError(end error) error {
	var closed *ClosedError
	if !errors.As(end, &closed) {
		return end
	}
	switch closed.Code {
	case CloseLockedOut:
		return errLockedOut
	case CloseImpostor:
		return errImpostor
	case CloseAuthentication + CloseCode(wire.ProofInvalid):
		return errWrongCode
	case CloseAuthentication + CloseCode(wire.Timeout), CloseAuthentication + CloseCode(wire.ValidationTooLong):
		return errTooLate
	case CloseAuthentication + CloseCode(wire.SecretUnknown):
		return errNoCode
	case CloseAuthentication + CloseCode(wire.UnknownError):
		return errConfused
	}
	return end
}

// printable makes a stranger's words fit for a line of a log.
func printable(s string) string {
	out := make([]rune, 0, min(len(s), 200))
	for _, r := range s {
		if len(out) == 200 {
			break
		}
		if r < ' ' || r == 0x7f || r == 0xfffd || r >= 0x80 && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			r = ' '
		}
		out = append(out, r)
	}
	return string(out)
}
