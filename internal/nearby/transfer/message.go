package transfer

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// maxMessage bounds one message on the control stream.
const maxMessage = 1 << 20

// The types of message (spec/nearby-transfer.md §4).
const (
	typeOffer    = "offer"
	typeFiles    = "files"
	typeHave     = "have"
	typeAccept   = "accept"
	typeStart    = "start"
	typePeer     = "peer"
	typeGone     = "gone"
	typeWant     = "want"
	typeFailed   = "failed"
	typeProgress = "progress"
	typeDone     = "done"
	typeBye      = "bye"
	typeEnd      = "end"
)

// message is everything that the control stream carries; the type says which of
// the fields count.
type message struct {
	Type string `json:"type"`

	Name   string `json:"name,omitempty"`   // offer: the sender's display name
	Count  int    `json:"count,omitempty"`  // offer: how many files and folders
	Total  int64  `json:"total,omitempty"`  // offer: bytes
	Group  int    `json:"group,omitempty"`  // offer: how many receivers
	Files  []File `json:"files,omitempty"`  // files
	Haves  []have `json:"haves,omitempty"`  // have
	Skip   []int  `json:"skip,omitempty"`   // accept: numbers of files that are not wanted
	Port   int    `json:"port,omitempty"`   // accept: TCP port for the bulk
	Ticket []byte `json:"ticket,omitempty"` // accept
	TCP    bool   `json:"tcp,omitempty"`    // start: whether the bulk goes over TCP
	Index  int    `json:"index,omitempty"`  // start, gone: number of a receiver
	Spans  []span `json:"spans,omitempty"`  // start: what is had wrongly; want: what is missing
	Peer   *other `json:"peer,omitempty"`   // peer
	File   int    `json:"file,omitempty"`   // failed: number of the file
	Done   int64  `json:"done,omitempty"`   // progress: bytes

	Reason Reason `json:"reason,omitempty"` // failed, end
	Text   string `json:"text,omitempty"`   // failed, end: for a person
	Failed int    `json:"failed,omitempty"` // done: how many files did not arrive
}

// have says that a receiver kept chunks of an earlier attempt. Hash is the
// BLAKE3 of their hashes, in order.
type have struct {
	Span span   `json:"span"`
	Hash []byte `json:"hash"`
}

// other is another receiver of the same files.
type other struct {
	Index       int      `json:"index"`
	Fingerprint []byte   `json:"fingerprint"`
	Addrs       []string `json:"addrs"`
	// Ticket is good for this transfer and this pair of receivers only.
	Ticket []byte `json:"ticket"`
	// Dial says that it is the receiver of this message who connects.
	Dial bool `json:"dial,omitempty"`
}

// Reason says how a transfer ended that was not completed.
type Reason string

// The reasons.
const (
	Declined Reason = "declined" // the receiver does not want it
	Canceled Reason = "canceled" // a person stopped it
	NoSpace  Reason = "no_space" // the receiver's disk is full
	TooLarge Reason = "too_large"
	Invalid  Reason = "invalid" // the other side broke the protocol
	Changed  Reason = "changed" // a file changed while it was sent
	Failed   Reason = "failed"  // anything else, as the text says
)

// ended turns what the other side said into an error.
func ended(m message) error {
	text := m.Text
	if len(text) > 300 {
		text = text[:300]
	}
	with := func(k fault.Kind, message, hint string) error {
		return &fault.Error{Kind: k, Message: message, Hint: hint, Err: &Ended{Reason: m.Reason}}
	}
	switch m.Reason {
	case Declined:
		return with(fault.Forbidden, "the other device declined", "ask its owner to accept, and send again")
	case Canceled:
		return with(fault.Forbidden, "the other device stopped the transfer", "send again: what arrived is not sent twice")
	case NoSpace:
		return with(fault.NoSpace, "the other device has no space left"+detail(text),
			"make room there and send again: what arrived is not sent twice")
	case TooLarge:
		return with(fault.TooLarge, "this is more than the other device takes"+detail(text),
			"its owner can raise nearby.max_receive in config.toml")
	case Invalid:
		return with(fault.Unsupported, "the other device did not understand this one"+detail(text),
			"run the same version of kith on both")
	}
	return with(fault.Unreachable, "the other device could not go on"+detail(text), "try again")
}

func detail(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

// Ended is the cause of an error when it was the other side that ended a
// transfer.
type Ended struct{ Reason Reason }

func (e *Ended) Error() string { return "ended by the other side: " + string(e.Reason) }

func endedByPeer(err error) bool {
	var e *Ended
	return errors.As(err, &e)
}

// reasonFor is what the other side is told of an error here.
func reasonFor(err error) message {
	m := message{Type: typeEnd, Reason: Failed}
	switch fault.KindOf(err) {
	case fault.NoSpace:
		m.Reason = NoSpace
	case fault.TooLarge:
		m.Reason = TooLarge
	case fault.Canceled:
		m.Reason = Canceled
	case fault.Invalid, fault.Unsupported:
		m.Reason, m.Text = Invalid, err.Error()
	}
	return m
}

// control is the control stream. Messages may be sent by several goroutines,
// and are read by one.
type control struct {
	stream io.ReadWriteCloser
	mu     sync.Mutex
	buf    []byte
	ending sync.Once
	ended  chan struct{} // closed when nothing is read any more
	over   sync.Once
}

func newControl(stream io.ReadWriteCloser) *control {
	return &control{stream: stream, ended: make(chan struct{})}
}

// leave says the last word, once, and returns when the other side has read it:
// it closes then. One that does not is left after lingerTime.
func (c *control) leave(m message) {
	c.ending.Do(func() {
		timer := time.AfterFunc(lingerTime, func() { _ = c.stream.Close() })
		defer timer.Stop()
		if c.send(m) != nil {
			return
		}
		select {
		case <-c.ended:
		case <-time.After(lingerTime):
		}
	})
}

// drain reads what is left until the other side closes, where nobody else reads.
func (c *control) drain() {
	for {
		if _, err := c.receive(); err != nil {
			return
		}
	}
}

func (c *control) send(m message) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if len(data) > maxMessage {
		return fault.New(fault.Internal, "a message of %d bytes is too large to send", len(data))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buf = binary.BigEndian.AppendUint32(c.buf[:0], uint32(len(data)))
	c.buf = append(c.buf, data...)
	_, err = c.stream.Write(c.buf)
	return err
}

// receive reads the next message.
func (c *control) receive() (message, error) {
	m, err := readMessage(c.stream)
	if err != nil {
		c.over.Do(func() { close(c.ended) })
	}
	return m, err
}

func readMessage(r io.Reader) (m message, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return m, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxMessage {
		return m, fault.New(fault.Invalid, "a message of %d bytes is too large", n)
	}
	// It grows with what arrives, not with what was announced.
	data, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err == nil && len(data) < int(n) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fault.New(fault.Invalid, "a message cannot be read: %w", err)
	}
	return m, nil
}

// expect reads the next message, which must be of one of the types.
func (c *control) expect(types ...string) (message, error) {
	m, err := c.receive()
	if err != nil {
		return m, gone(err)
	}
	if m.Type == typeEnd {
		return m, ended(m)
	}
	for _, t := range types {
		if m.Type == t {
			return m, nil
		}
	}
	return m, fault.New(fault.Invalid, "a %.20q message came out of turn", m.Type)
}

// gone gives the end of a connection the meaning it has for a person.
func gone(err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	return fault.New(fault.Unreachable, "the other device went away: %w", err).
		WithHint("send again when it is back: what arrived is not sent twice")
}
