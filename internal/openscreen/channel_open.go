package openscreen

import (
	"bufio"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen/wire"
)

// channelTable counts the data channels of a session and gives them numbers.
type channelTable struct {
	most     int
	mu       sync.Mutex
	used     map[uint16]struct{}
	incoming *queue[*ChannelRequest]
}

func newChannelTable(most int) channelTable {
	return channelTable{most: most, used: map[uint16]struct{}{}, incoming: newQueue[*ChannelRequest](most)}
}

func (t *channelTable) close(err error) { t.incoming.close(err) }

// take reserves a number, or the next free one of a parity for AutoID.
func (t *channelTable) take(id int, odd bool) (uint16, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.used) >= t.most {
		return 0, fault.New(fault.TooLarge, "this session has %d data channels already", t.most).
			WithHint("close some before opening more")
	}
	if id == AutoID {
		for id = 0; id <= wire.MostChannelID; id += 2 {
			n := id
			if odd {
				n++
			}
			if _, dup := t.used[uint16(n)]; !dup && n <= wire.MostChannelID {
				id = n
				break
			}
		}
	}
	if id < 0 || id > wire.MostChannelID {
		return 0, fault.New(fault.Invalid, "data channel number %d is not within 0 and %d", id, wire.MostChannelID)
	}
	if _, dup := t.used[uint16(id)]; dup {
		return 0, fault.New(fault.Conflict, "data channel number %d is in use", id)
	}
	t.used[uint16(id)] = struct{}{}
	return uint16(id), nil
}

func (t *channelTable) free(id uint16) {
	t.mu.Lock()
	delete(t.used, id)
	t.mu.Unlock()
}

// OpenDataChannel opens a data channel and waits for the peer's yes. It fails
// with kind TooLarge when there are too many, Forbidden when the peer says no.
func (s *Session) OpenDataChannel(ctx context.Context, o ChannelOptions) (*DataChannel, error) {
	if !s.Authenticated() {
		return nil, errNotAuthenticated
	}
	id, err := s.channels.take(o.ID, !s.outgoing)
	if err != nil {
		return nil, err
	}
	q, err := s.conn.OpenStreamSync(ctx)
	if err != nil {
		s.channels.free(id)
		return nil, s.explain(err)
	}
	o.ID = int(id)
	ch, err := openChannel(ctx, newStream(s, q, nil), o, s.nextID.Add(1), !s.silent(), func() { s.channels.free(id) })
	if err != nil {
		s.channels.free(id)
		return nil, s.explain(err)
	}
	return ch, nil
}

// silent reports whether the peer is the early implementation, which does not
// answer requests for data channels.
func (s *Session) silent() bool { return s.agent.o.Legacy && !s.speaks(CapabilityKith) }

// openChannel asks on a stream for a data channel.
func openChannel(ctx context.Context, st *Stream, o ChannelOptions, request uint64, answered bool, free func()) (*DataChannel, error) {
	m := &wire.ChannelRequest{ID: request, Channel: uint64(o.ID), Label: o.Label, Protocol: o.Protocol}
	data, err := st.session.agent.codec.Append(nil, m)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { st.Abandon(0) })
	defer stop()
	if _, err := st.Write(data); err != nil {
		st.Abandon(0)
		return nil, err
	}
	r := bufio.NewReader(st)
	if answered {
		if err := readAnswer(st, r, o); err != nil {
			st.Abandon(0)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, err
		}
	}
	return newChannel(st.session.agent.codec, st, r, m, free), nil
}

// readAnswer reads the response to a request for a data channel.
func readAnswer(st *Stream, r *bufio.Reader, o ChannelOptions) error {
	answer, err := st.session.agent.codec.Read(r)
	if err != nil {
		return err
	}
	switch m, ok := answer.(*wire.ChannelResponse); {
	case !ok:
		return errUnexpected
	case m.Result == wire.TransientError:
		return fault.New(fault.TooLarge, "the other side has too many data channels open")
	case m.Result != wire.Success:
		return fault.New(fault.Forbidden, "the other side did not take data channel %.60q", o.Label)
	}
	return nil
}

// AcceptDataChannel waits for a data channel that the peer wants to open, to be
// accepted or rejected.
func (s *Session) AcceptDataChannel(ctx context.Context) (*ChannelRequest, error) {
	return s.channels.incoming.pop(ctx)
}

// ChannelRequest is a data channel that the peer wants to open. It waits, for a
// minute at most, to be accepted or rejected.
type ChannelRequest struct {
	Label    string
	Protocol string
	ID       uint16

	m      *wire.ChannelRequest
	stream *Stream
	r      *bufio.Reader
	free   func()
	once   sync.Once
	late   *time.Timer
}

// readRequest reads the request that a stream begins with.
func readRequest(st *Stream, r *bufio.Reader, key wire.Key) (*wire.ChannelRequest, error) {
	if key != wire.KeyChannelRequest {
		return nil, fmt.Errorf("%w: a data channel begins with key %d", errUnexpected, key)
	}
	v, err := st.session.agent.codec.ReadValue(r, key)
	if err != nil {
		return nil, err
	}
	return v.(*wire.ChannelRequest), nil
}

func newChannelRequest(st *Stream, r *bufio.Reader, m *wire.ChannelRequest, free func()) *ChannelRequest {
	req := &ChannelRequest{Label: m.Label, Protocol: m.Protocol, ID: uint16(m.Channel), m: m, stream: st, r: r, free: free}
	req.late = time.AfterFunc(requestLife, func() { _ = req.Reject() }) // the request may be over
	return req
}

// channelRequested takes a stream that begins with a request.
func (s *Session) channelRequested(q *quic.Stream) {
	st := newStream(s, q, nil)
	r := bufio.NewReader(st)
	m, err := readRequest(st, r, wire.KeyChannelRequest)
	if err != nil {
		st.Abandon(0)
		s.endOfMessages(err)
		return
	}
	id, err := s.channels.take(int(m.Channel), false)
	if err != nil {
		refuse(st, m, err)
		return
	}
	req := newChannelRequest(st, r, m, func() { s.channels.free(id) })
	if !s.channels.incoming.push(req) {
		s.channels.free(id)
		req.late.Stop()
		refuse(st, m, fault.New(fault.TooLarge, "too many requests wait"))
	}
}

// refuse says no, and why as far as the protocol has numbers for it.
func refuse(st *Stream, m *wire.ChannelRequest, why error) {
	result := wire.PermanentError
	if fault.KindOf(why) == fault.TooLarge {
		result = wire.TransientError
	}
	_ = answer(st, m, result) // the peer is gone if this fails
	_ = st.Close()
	st.CancelRead(0)
}

func answer(st *Stream, m *wire.ChannelRequest, result wire.Result) error {
	data, err := st.session.agent.codec.Append(nil, &wire.ChannelResponse{ID: m.ID, Result: result})
	if err != nil {
		return err
	}
	_, err = st.Write(data)
	return err
}

// errAnswered is the error of a request that was answered before.
var errAnswered = fault.New(fault.Conflict, "the request is answered already, or was given up")

// Accept says yes.
func (r *ChannelRequest) Accept() (*DataChannel, error) {
	err := error(errAnswered)
	r.once.Do(func() {
		r.late.Stop()
		if err = answer(r.stream, r.m, wire.Success); err != nil {
			r.stream.Abandon(0)
			r.free()
		}
	})
	if err != nil {
		return nil, err
	}
	return newChannel(r.stream.session.agent.codec, r.stream, r.r, r.m, r.free), nil
}

// Reject says no.
func (r *ChannelRequest) Reject() error {
	err := error(errAnswered)
	r.once.Do(func() {
		r.late.Stop()
		refuse(r.stream, r.m, fault.New(fault.Forbidden, "rejected"))
		r.free()
		err = nil
	})
	return err
}

// OpenChannelOn makes a data channel of a stream that was just opened on a
// transport. Numbers are the caller's business there.
func OpenChannelOn(ctx context.Context, s *Stream, o ChannelOptions) (*DataChannel, error) {
	return openChannel(ctx, s, o, s.session.nextID.Add(1), true, func() {})
}

// AcceptChannelOn reads the request for a data channel that a stream, just
// accepted from a transport, begins with.
func AcceptChannelOn(ctx context.Context, s *Stream) (*ChannelRequest, error) {
	stop := context.AfterFunc(ctx, func() { s.Abandon(0) })
	defer stop()
	r := bufio.NewReader(s)
	key, err := wire.ReadKey(r)
	if err != nil {
		return nil, err
	}
	m, err := readRequest(s, r, key)
	if err != nil {
		s.Abandon(0)
		return nil, err
	}
	return newChannelRequest(s, r, m, func() {}), nil
}
