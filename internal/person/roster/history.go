package roster

import (
	"bytes"
	"cmp"
	"errors"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// ErrHeld says that a roster is the one that is held already.
var ErrHeld = errors.New("this roster is held already")

// ErrExpired is in every error about a roster that ended.
var ErrExpired = errors.New("expired")

// History is what a device holds: the highest roster that it has seen, and the
// one that it held before, by which devices that changed something at the same
// time are told from devices that were removed.
type History struct {
	Current  Signed `cbor:"1,keyasint"`
	Previous Signed `cbor:"2,keyasint"`
}

// First begins a history: what the roster says is checked against itself, and
// trust in it comes from elsewhere (the phrase, or the comparison of §2.1).
func First(now time.Time, s Signed) (History, error) {
	r, err := s.Roster()
	if err != nil {
		return History{}, err
	}
	if !s.by(r) {
		return History{}, fault.New(fault.Corrupt, "the roster's signature is not by one of its devices")
	}
	if r.Expired(now) {
		return History{}, expired(r)
	}
	return History{Current: s}, nil
}

// Accept takes a roster in, or says why not (spec §2): ErrHeld, or a fault.
func (h History) Accept(now time.Time, s Signed) (History, error) {
	held, err := h.Current.Roster()
	if err != nil {
		return h, err
	}
	r, err := s.Roster()
	if err != nil {
		return h, err
	}
	order := Compare(s, h.Current)
	switch {
	case !bytes.Equal(r.Root, held.Root):
		return h, fault.New(fault.Forbidden, "the roster is another person's")
	case order == 0:
		return h, ErrHeld
	case order < 0:
		return h, fault.New(fault.Conflict, "roster %d.%d is older than %d.%d, which is known", r.Generation, r.Epoch, held.Generation, held.Epoch)
	case r.Expired(now):
		return h, expired(r)
	}
	if !h.authorised(s, r, held) {
		return h, fault.New(fault.Forbidden, "roster %d.%d is signed by none who may", r.Generation, r.Epoch)
	}
	next := History{Current: s, Previous: h.Current}
	if r.Generation == held.Generation && r.Epoch == held.Epoch {
		next.Previous = h.Previous // a sibling of what is held has the same base
	}
	return next, nil
}

// authorised: the root always; a device of the roster that is held, in the same
// generation; and, for one of the same epoch, which was made at the same time, a
// device of the roster that both were made from.
func (h History) authorised(s Signed, r, held Roster) bool {
	if s.ByRoot() {
		return s.by(held)
	}
	if r.Generation != held.Generation {
		return false
	}
	if s.by(held) {
		return true
	}
	if r.Epoch != held.Epoch || len(h.Previous.Octets) == 0 {
		return false
	}
	base, err := h.Previous.Roster()
	return err == nil && base.Generation == r.Generation && s.by(base)
}

func expired(r Roster) error {
	return fault.New(fault.Conflict, "the roster ended at %s: %w", time.UnixMilli(r.Expires).UTC().Format(time.RFC3339), ErrExpired).
		WithHint("start another of your devices, so that this one hears of the newest")
}

// Compare orders rosters by generation, epoch, and hash.
func Compare(a, b Signed) int {
	ra, errA := a.Roster()
	rb, errB := b.Roster()
	if errA != nil || errB != nil {
		return cmp.Compare(len(a.Octets), len(b.Octets)) // neither is ever held
	}
	if c := cmp.Or(cmp.Compare(ra.Generation, rb.Generation), cmp.Compare(ra.Epoch, rb.Epoch)); c != 0 {
		return c
	}
	ha, hb := a.Hash(), b.Hash()
	return bytes.Compare(ha[:], hb[:])
}
