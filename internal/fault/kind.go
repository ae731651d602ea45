package fault

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/kith-web/kith/internal/text"
)

// Kind says what sort of failure an error is. Its value is what the wire and
// JSON output carry; values are only ever added.
type Kind string

// The kinds of failure. The table below gives each its status, exit code and
// general hint.
const (
	Internal     Kind = "internal"     // a defect in this program
	Invalid      Kind = "invalid"      // the input cannot be understood
	NotFound     Kind = "not_found"    // the address, path or record does not exist
	Forbidden    Kind = "forbidden"    // understood, and refused
	Unauthorized Kind = "unauthorized" // the token is missing or wrong
	Conflict     Kind = "conflict"     // the state does not allow it now
	InUse        Kind = "in_use"       // a port, home or lock is taken
	TooLarge     Kind = "too_large"    // over a configured limit
	RateLimited  Kind = "rate_limited" // too many requests
	Unreachable  Kind = "unreachable"  // no peer, server or resolver answered in time
	Corrupt      Kind = "corrupt"      // bytes do not match the address
	NoSpace      Kind = "no_space"     // the disk or the cache is full
	Unsupported  Kind = "unsupported"  // understood, but not implemented by this engine or version
	NotRunning   Kind = "not_running"  // no node answers for this home
	Partial      Kind = "partial"      // some of the work was done
	Canceled     Kind = "canceled"     // the person or the caller stopped it
)

// meaning is a row of the table.
type meaning struct {
	status int
	exit   int
	hint   text.Phrase
}

// meanings is the one error table of the program.
func meanings(k Kind) meaning {
	switch k {
	case Invalid:
		return meaning{400, 2, text.Of("check the spelling; 'kith help' shows the accepted forms")}
	case NotFound:
		return meaning{404, 10, text.Of("check the address and the path")}
	case Forbidden:
		return meaning{403, 11, text.Phrase{}}
	case Unauthorized:
		return meaning{401, 12, text.Of("open the console with 'kith open', or pass the token of this home")}
	case Conflict:
		return meaning{409, 13, text.Phrase{}}
	case InUse:
		return meaning{409, 14, text.Of("stop the other program, or choose another with --listen or --home")}
	case TooLarge:
		return meaning{413, 15, text.Of("raise the limit in config.toml; 'kith config reference' names it")}
	case RateLimited:
		return meaning{429, 16, text.Of("wait a little and try again")}
	case Unreachable:
		return meaning{504, 17, text.Of("try again later, or run 'kith doctor' to see whether peers can reach this node")}
	case Corrupt:
		return meaning{502, 18, text.Of("the data was refused; another peer may have a good copy")}
	case NoSpace:
		return meaning{507, 19, text.Of("free some disk space, or remove sites with 'kith remove'")}
	case Unsupported:
		return meaning{501, 20, text.Phrase{}}
	case NotRunning:
		return meaning{503, 21, text.Of("start the node with 'kith up'")}
	case Partial:
		return meaning{500, 3, text.Phrase{}}
	case Canceled:
		return meaning{499, 130, text.Phrase{}}
	case Internal:
	}
	return meaning{500, 1, text.Phrase{}}
}

// Kinds lists every kind, for documentation and tests of the table.
func Kinds() []Kind {
	return []Kind{
		Internal, Invalid, NotFound, Forbidden, Unauthorized, Conflict, InUse, TooLarge, RateLimited,
		Unreachable, Corrupt, NoSpace, Unsupported, NotRunning, Partial, Canceled,
	}
}

// KindOf says what kind err is. Errors of the standard library that mean the
// same are recognised; anything else is Internal. KindOf(nil) is "".
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, fs.ErrNotExist):
		return NotFound
	case errors.Is(err, fs.ErrPermission):
		return Forbidden
	case errors.Is(err, fs.ErrInvalid):
		return Invalid
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return NoSpace
	case errors.Is(err, context.DeadlineExceeded):
		return Unreachable
	case errors.Is(err, context.Canceled):
		return Canceled
	}
	return Internal
}

// Status is the HTTP status (RFC 9110 §15) err is answered with; 200 for nil.
func Status(err error) int {
	if err == nil {
		return 200
	}
	return meanings(KindOf(err)).status
}

// ExitCode is the code a command that failed with err ends with; 0 for nil.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	return meanings(KindOf(err)).exit
}

// Hint is the next step to take: the error's own, or else its kind's; "" when
// neither has one.
func Hint(err error) string {
	if err == nil {
		return ""
	}
	if e := hinting(err); e != nil {
		return e.Hint
	}
	return meanings(KindOf(err)).hint.String()
}

// hinting is the first error in err when it has a hint of its own.
func hinting(err error) *Error {
	var e *Error
	if errors.As(err, &e) && e.Hint != "" {
		return e
	}
	return nil
}
