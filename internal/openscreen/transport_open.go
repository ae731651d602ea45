package openscreen

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen/wire"
)

// transportTable holds the transports of a session by number.
type transportTable struct {
	most     int
	incoming *queue[*TransportRequest]

	mu      sync.Mutex
	err     error
	next    uint64
	all     map[uint64]*Transport
	changed chan struct{} // closed and made anew when one is added
}

func newTransportTable(most int) transportTable {
	return transportTable{most: most, incoming: newQueue[*TransportRequest](most), all: map[uint64]*Transport{}, changed: make(chan struct{})}
}

func (t *transportTable) get(id uint64) *Transport {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all[id]
}

// wait returns a transport that may not have been opened yet.
func (t *transportTable) wait(ctx context.Context, id uint64) *Transport {
	late := time.NewTimer(sendTimeout)
	defer late.Stop()
	for {
		t.mu.Lock()
		found, changed := t.all[id], t.changed
		t.mu.Unlock()
		if found != nil {
			return found
		}
		select {
		case <-changed:
		case <-late.C:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// add puts a transport in its place; with make, it is given the next number of a
// parity.
func (t *transportTable) add(id uint64, mine, odd bool, build func(id uint64) *Transport) (*Transport, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return nil, t.err
	}
	if len(t.all) >= t.most {
		return nil, fault.New(fault.TooLarge, "this session has %d transports already", t.most).
			WithHint("close some before opening more")
	}
	if mine {
		id = t.next * 2
		if odd {
			id++
		}
		t.next++
	}
	if t.all[id] != nil || !mine && (id%2 == 1) == odd {
		return nil, fault.New(fault.Conflict, "transport number %d is not the peer's to take", id)
	}
	tr := build(id)
	t.all[id] = tr
	close(t.changed)
	t.changed = make(chan struct{})
	return tr, nil
}

func (t *transportTable) remove(id uint64) {
	t.mu.Lock()
	delete(t.all, id)
	t.mu.Unlock()
}

func (t *transportTable) close(err error) {
	t.mu.Lock()
	t.err = err
	all := t.all
	t.all = map[uint64]*Transport{}
	t.mu.Unlock()
	for _, tr := range all {
		tr.end(err)
	}
	t.incoming.close(err)
}

// OpenTransport opens a transport for protocol, for example "kith-transfer/1",
// and waits for the peer's yes. A no is of kind Forbidden.
func (s *Session) OpenTransport(ctx context.Context, protocol string) (*Transport, error) {
	switch {
	case protocol == "" || len(protocol) > mostName:
		return nil, fault.New(fault.Invalid, "protocol %.40q of a transport has not 1 to %d octets", protocol, mostName)
	case !s.Authenticated():
		return nil, errNotAuthenticated
	case !s.speaks(CapabilityKith):
		return nil, fault.New(fault.Unsupported, "the other side knows no transports")
	}
	t, err := s.transports.add(0, true, !s.outgoing, func(id uint64) *Transport { return newTransport(s, id, protocol) })
	if err != nil {
		return nil, err
	}
	if err := s.send(&wire.TransportRequest{Transport: t.id, Protocol: protocol}); err != nil {
		t.end(err)
		return nil, err
	}
	select {
	case result := <-t.answer:
		if result == wire.Success {
			return t, nil
		}
		err = fault.New(fault.Forbidden, "the other side did not take a transport for %s", protocol)
		t.end(err)
		return nil, err
	case <-t.Done():
		return nil, t.Err()
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), t.Close(0, "given up"))
	}
}

// AcceptTransport waits for a transport that the peer wants to open, to be
// accepted or rejected.
func (s *Session) AcceptTransport(ctx context.Context) (*TransportRequest, error) {
	return s.transports.incoming.pop(ctx)
}

// handleTransport does what a message about a transport says.
func (s *Session) handleTransport(m any) error {
	select {
	case <-s.auth.done:
	case <-s.done:
		return nil
	}
	switch m := m.(type) {
	case *wire.TransportRequest:
		s.transportRequested(m)
	case *wire.TransportResponse:
		if t := s.transports.get(m.Transport); t != nil {
			select {
			case t.answer <- m.Result:
			default:
				return errUnexpected
			}
		}
	case *wire.TransportClose:
		if t := s.transports.get(m.Transport); t != nil {
			t.end(&TransportClosed{Code: uint32(m.Code), Reason: m.Reason, Remote: true})
		}
	}
	return nil
}

func (s *Session) transportRequested(m *wire.TransportRequest) {
	t, err := s.transports.add(m.Transport, false, !s.outgoing, func(id uint64) *Transport { return newTransport(s, id, m.Protocol) })
	if err != nil {
		s.try(s.send(&wire.TransportResponse{Transport: m.Transport, Result: wire.TransientError}))
		return
	}
	r := &TransportRequest{Protocol: m.Protocol, t: t}
	r.late = time.AfterFunc(requestLife, func() { _ = r.Reject() }) // the request may be over
	if !s.transports.incoming.push(r) {
		s.try(r.Reject())
	}
}

// TransportRequest is a transport that the peer wants to open. It waits, for a
// minute at most, to be accepted or rejected.
type TransportRequest struct {
	Protocol string

	t    *Transport
	once sync.Once
	late *time.Timer
}

// Session is what carries it.
func (r *TransportRequest) Session() *Session { return r.t.session }

// Done is closed when the peer took its request back.
func (r *TransportRequest) Done() <-chan struct{} { return r.t.Done() }

// Accept says yes.
func (r *TransportRequest) Accept() (*Transport, error) {
	err := error(errAnswered)
	r.once.Do(func() {
		r.late.Stop()
		err = r.t.session.send(&wire.TransportResponse{Transport: r.t.id, Result: wire.Success})
		if err != nil {
			r.t.end(err)
		}
	})
	if err != nil {
		return nil, err
	}
	return r.t, nil
}

// Reject says no.
func (r *TransportRequest) Reject() error {
	err := error(errAnswered)
	r.once.Do(func() {
		r.late.Stop()
		r.t.end(fault.New(fault.Canceled, "the transport was rejected"))
		err = r.t.session.send(&wire.TransportResponse{Transport: r.t.id, Result: wire.PermanentError})
	})
	return err
}
