package sharing

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
	"github.com/kith-web/kith/internal/sharing/joint"
)

// join puts the parts of a home together.
func (h *home) join() {
	h.joint = &joint.Joint{Person: h.person, Library: h.library, Copies: h.copies, Note: h.note, Look: h.look, News: h.news}
}

// do has the exchange do what the person wants done.
func (h *home) do(e person.Effects, err error) error {
	if err != nil {
		return err
	}
	h.note(e)
	return h.peer.Apply(e.Effects)
}

// note has the home's goroutine look at people again.
func (h *home) note(e person.Effects) {
	h.goneMu.Lock()
	h.gone = append(h.gone, e.Gone...)
	h.goneMu.Unlock()
	h.look()
}

// look has what depends on the person and the library brought up to date soon.
func (h *home) look() {
	select {
	case h.stale <- struct{}{}:
	default:
	}
}

func (h *home) stable(r seal.RelationID) seal.RelationID { return h.joint.Stable(r) }

func (h *home) current(id seal.RelationID) seal.RelationID { return h.joint.Current(id) }

// send sends what the library wants sent.
func (h *home) send(out []seal.Outgoing) error {
	if len(out) == 0 {
		return nil
	}
	return h.peer.Send(h.joint.Addressed(out)...)
}

// news is that a friend has something new. What other devices have not heard the
// home's own goroutine passes on.
func (h *home) news(friend seal.RelationID, passed bool) {
	h.s.events.tell(Event{Friend: hexID(friend)})
	if passed {
		return
	}
	h.otherMu.Lock()
	h.other[friend] = true
	h.otherMu.Unlock()
}

// passEvery is how often own devices are told that friends have something new: a
// friend who says so all the time does not keep them busy.
const passEvery = time.Second

// passOn tells own devices which friends said that they have something new.
func (h *home) passOn() error {
	h.otherMu.Lock()
	defer h.otherMu.Unlock()
	if len(h.other) == 0 {
		return nil
	}
	if wait := passEvery - time.Since(h.passed); wait > 0 {
		time.AfterFunc(wait, h.look)
		return nil
	}
	friends := slices.SortedFunc(maps.Keys(h.other), func(a, b seal.RelationID) int { return bytes.Compare(a[:], b[:]) })
	clear(h.other)
	h.passed = time.Now()
	return h.peer.Send(h.joint.TellNews(friends)...)
}

// asker asks own devices for bodies.
type asker struct{ h *home }

var _ library.Asker = asker{}

func (t asker) Ask(ctx context.Context, to seal.RelationID, r seal.Request) (*seal.Reply, error) {
	return t.h.ask(ctx, to, r)
}
