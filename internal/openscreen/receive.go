package openscreen

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"

	"github.com/kith-web/kith/internal/openscreen/wire"
)

// strangerStreams is how many streams of a peer that is not authenticated are
// read at once.
const strangerStreams = 32

// receiveUni takes the streams that carry messages, and those of transports.
func (s *Session) receiveUni() {
	places := make(chan struct{}, strangerStreams)
	for {
		stream, err := s.conn.AcceptUniStream(s.conn.Context())
		if err != nil {
			return
		}
		select {
		case places <- struct{}{}:
			s.agent.work.Go(func() {
				s.readUni(stream)
				<-places
			})
			continue
		case <-s.auth.done:
			s.agent.work.Go(func() { s.readUni(stream) })
		case <-s.done:
			return
		}
	}
}

// readUni reads a stream to its end, or hands it to its transport.
func (s *Session) readUni(stream *quic.ReceiveStream) {
	key, err := wire.ReadKey(quicvarint.NewReader(stream))
	if err == nil && key == wire.KeyTransportStream {
		s.transportUni(stream)
		return
	}
	r := bufio.NewReader(stream)
	for err == nil {
		var m any
		if m, err = s.agent.codec.ReadValue(r, key); err != nil {
			break
		}
		if err = s.handle(m); err != nil {
			break
		}
		key, err = wire.ReadKey(r)
	}
	s.endOfMessages(err)
	stream.CancelRead(0)
}

// endOfMessages closes the session when a stream of messages ended in another way
// than its sender's end of it.
func (s *Session) endOfMessages(err error) {
	var reset *quic.StreamError
	var unknown *wire.UnknownKeyError
	switch {
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &reset), s.conn.Context().Err() != nil:
	case errors.As(err, &unknown):
		s.close(CloseUnknownMessage, fmt.Sprint(uint64(unknown.Key)))
	default:
		s.close(CloseMalformed, err.Error())
	}
}

// errUnexpected is the error of a message that has no place where it came.
var errUnexpected = errors.New("unexpected message")

// handle does what a message asks for. An error closes the session.
func (s *Session) handle(m any) error {
	switch m := m.(type) {
	case *wire.InfoRequest:
		s.try(s.send(&wire.InfoResponse{ID: m.ID, Info: s.agent.info()}))
	case *wire.InfoResponse:
		s.heardInfo(m.Info)
	case *wire.InfoEvent:
		s.heardInfo(m.Info)
	case *wire.StatusRequest:
		s.try(s.send(&wire.StatusResponse{ID: m.ID}))
	case *wire.StatusResponse:
	case *wire.AuthCapabilities:
		s.heardCapabilities(m)
	case *wire.Recognition:
		s.heardRecognition(m)
	case *wire.AuthHandshake, *wire.AuthConfirmation, *wire.AuthStatus:
		return s.auth.deliver(m)
	case *wire.LegacyNeedsCode:
		if !s.agent.o.Legacy {
			return &wire.UnknownKeyError{Key: wire.KeyLegacyNeedsCode}
		}
		return s.auth.deliver(&wire.AuthHandshake{Status: wire.NeedsPresentation})
	case *wire.TransportRequest, *wire.TransportResponse, *wire.TransportClose:
		return s.handleTransport(m)
	case *wire.ChannelRequest:
		s.try(s.send(&wire.ChannelResponse{ID: m.ID, Result: wire.PermanentError}))
	case *wire.ChannelResponse:
	default:
		return fmt.Errorf("%w: %T outside of a data channel", errUnexpected, m)
	}
	return nil
}

// try notes the error of an answer. What broke it ends the session by itself.
func (s *Session) try(err error) {
	if err != nil {
		s.log.Debug("an answer was not sent", "error", err)
	}
}

// heardInfo notes what the peer says of itself.
func (s *Session) heardInfo(info wire.AgentInfo) {
	s.mu.Lock()
	s.info = info
	s.mu.Unlock()
	s.hello.mu.Lock()
	s.hello.info = true
	s.hello.mu.Unlock()
	s.proceed()
}

// heardCapabilities notes the first auth-capabilities; they hold for the session.
func (s *Session) heardCapabilities(m *wire.AuthCapabilities) {
	s.hello.mu.Lock()
	if s.hello.caps == nil {
		s.hello.caps = m
	}
	s.hello.mu.Unlock()
	s.proceed()
}

func (s *Session) heardRecognition(m *wire.Recognition) {
	s.hello.mu.Lock()
	if s.hello.known == nil {
		s.hello.known = &m.Known
	}
	s.hello.mu.Unlock()
	s.proceed()
}

// proceed goes on when all is there that the beginning needs. The order in which
// it comes is not told.
func (s *Session) proceed() {
	if s.progress() {
		s.try(s.send(&wire.Recognition{Known: s.knew}))
	}
}

// progress reports whether it is time to tell the peer whether it is known.
func (s *Session) progress() (tell bool) {
	s.hello.mu.Lock()
	defer s.hello.mu.Unlock()
	if !s.hello.info || s.hello.caps == nil {
		return false
	}
	kith := s.speaks(CapabilityKith)
	tell = kith && !s.hello.announced
	s.hello.announced = true
	if !s.hello.over && (!kith || s.hello.known != nil) {
		s.hello.over = true
		close(s.hello.ready)
	}
	return tell
}

// speaks reports whether the peer has a capability.
func (s *Session) speaks(capability uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.info.Capabilities {
		if c == capability {
			return true
		}
	}
	return false
}

// receiveBidi takes data channels and streams of transports, once the session is
// authenticated: until then they wait at the peer's expense.
func (s *Session) receiveBidi() {
	for {
		stream, err := s.conn.AcceptStream(s.conn.Context())
		if err != nil {
			return
		}
		s.agent.work.Go(func() { s.readBidi(stream) })
	}
}

func (s *Session) readBidi(q *quic.Stream) {
	key, err := wire.ReadKey(quicvarint.NewReader(q))
	switch {
	case err != nil:
		q.CancelRead(streamGone)
		q.CancelWrite(streamGone)
		s.endOfMessages(err)
	case key == wire.KeyTransportStream:
		s.transportBidi(q)
	case key == wire.KeyChannelRequest:
		s.channelRequested(q)
	default:
		s.endOfMessages(&wire.UnknownKeyError{Key: key})
	}
}

// receiveDatagrams hands datagrams to their transports.
func (s *Session) receiveDatagrams() {
	for {
		data, err := s.conn.ReceiveDatagram(s.conn.Context())
		if err != nil {
			return
		}
		key, n, err := quicvarint.Parse(data)
		if err != nil || wire.Key(key) != wire.KeyTransportDatagram {
			continue // a datagram that is not understood is as good as lost
		}
		id, m, err := quicvarint.Parse(data[n:])
		if err != nil {
			continue
		}
		if t := s.transports.get(id); t != nil {
			t.datagrams.replace(data[n+m:])
		}
	}
}
