package transfer

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// Offer is what a peer wants to send.
type Offer struct {
	// Peer is who offers, Name how its device calls itself.
	Peer Fingerprint
	Name string
	// Files are what is offered, of Total bytes.
	Files []File
	Total int64
	// Group is how many devices it is offered to.
	Group int

	layout  *layout
	session Session
	control *control
}

// Bounds on an offer, and how long it may take to arrive.
const (
	maxName  = 256
	maxGroup = 1000
	listTime = time.Minute
)

// Receive reads the offer that a peer makes in a session, of at most maxFiles
// files. Accept or Decline have to follow; both close the session.
func Receive(ctx context.Context, s Session, maxFiles int) (*Offer, error) {
	if maxFiles <= 0 {
		maxFiles = DefaultMaxFiles
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	stream, err := s.Accept(ctx)
	if err != nil {
		return nil, errors.Join(gone(err), s.Close())
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.Close(); _ = s.Close() })
	defer stop()
	o := &Offer{Peer: s.Peer(), session: s, control: newControl(stream)}
	if err := o.read(maxFiles); err != nil {
		_ = o.end(reasonFor(err))
		return nil, err
	}
	return o, nil
}

func (o *Offer) read(maxFiles int) error {
	m, err := o.control.expect(typeOffer)
	if err != nil {
		return err
	}
	switch {
	case m.Count <= 0 || m.Total < 0 || m.Group < 0 || m.Group > maxGroup || len(m.Name) > maxName:
		return fault.New(fault.Invalid, "the offer makes no sense")
	case m.Count > maxFiles:
		return fault.New(fault.TooLarge, "%d files are offered; at most %d are taken", m.Count, maxFiles)
	}
	o.Name, o.Group = m.Name, m.Group
	names := 0
	for len(o.Files) < m.Count {
		list, err := o.control.expect(typeFiles)
		if err != nil {
			return err
		}
		if len(list.Files) == 0 || len(o.Files)+len(list.Files) > m.Count {
			return fault.New(fault.Invalid, "the list of files has another length than was said")
		}
		for _, f := range list.Files {
			if err := f.check(); err != nil {
				return err
			}
			if names += len(f.Path); names > maxList {
				return fault.New(fault.TooLarge, "the names of the files have more than %d bytes", maxList)
			}
			if o.Total += f.Size; o.Total > maxTotal {
				return fault.New(fault.TooLarge, "more bytes are offered than any disk has")
			}
		}
		o.Files = append(o.Files, list.Files...)
	}
	if o.Total != m.Total {
		return fault.New(fault.Invalid, "the files have %d bytes, and %d were offered", o.Total, m.Total)
	}
	o.layout = newLayout(o.Files)
	return nil
}

// end says a last word, waits until it was read, and closes the session.
func (o *Offer) end(m message) error {
	go o.control.drain()
	o.control.leave(m)
	_ = o.control.stream.Close()
	return o.session.Close()
}

// Decline refuses the offer.
func (o *Offer) Decline(why Reason) error { return o.end(message{Type: typeEnd, Reason: why}) }

// AcceptOptions say how to receive.
type AcceptOptions struct {
	// Dir is the folder for what arrives; it is made when it does not exist.
	Dir string
	// Overwrite replaces files that have the name of one that arrives. Without,
	// what arrives gets another name.
	Overwrite bool
	// Skip are the numbers of files that are not wanted.
	Skip []int
	// MaxSize is how many bytes are taken; 0 for as many as there is room for.
	MaxSize int64
	// Bulk is where TCP connections arrive; nil takes everything by the session.
	Bulk *Bulk
	// Watch is told how far it is, by one goroutine at a time.
	Watch func(Progress)
	// DialTime is how long a connection may take to come up, StallTime how long
	// other receivers may keep this one waiting before it asks the sender.
	DialTime, StallTime time.Duration
	Log                 *slog.Logger
}

// DefaultStallTime is how long other receivers may keep one waiting.
const DefaultStallTime = 4 * time.Second

func (a *AcceptOptions) setDefaults() {
	if a.Watch == nil {
		a.Watch = func(Progress) {}
	}
	if a.DialTime <= 0 {
		a.DialTime = DefaultDialTime
	}
	if a.StallTime <= 0 {
		a.StallTime = DefaultStallTime
	}
	if a.Log == nil {
		a.Log = slog.New(slog.DiscardHandler)
	}
	if a.MaxSize <= 0 {
		a.MaxSize = math.MaxInt64
	}
}

// ErrDiscard is the cause with which a person stops a transfer for good.
var ErrDiscard error = fault.New(fault.Canceled, "the transfer was stopped")

// Accept stores what is offered. When it fails, what arrived is kept in parts,
// and the same offer goes on from there; when ctx was canceled with ErrDiscard as
// its cause, nothing is kept of what is not whole.
func (o *Offer) Accept(ctx context.Context, a AcceptOptions) (Result, error) {
	a.setDefaults()
	box, err := openInbox(a.Dir, o, a)
	if err != nil {
		_ = o.end(reasonFor(err))
		return Result{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	in := &intake{o: o, a: a, box: box, cancel: cancel, mates: map[int]*mate{}, gone: map[int]bool{}}
	in.moved.Store(time.Now().UnixNano())
	result, err := in.run(ctx)
	if err != nil && context.Cause(ctx) != nil {
		err = context.Cause(ctx)
	}
	whole := box.complete()
	keep := !errors.Is(err, ErrDiscard)
	err = errors.Join(err, box.close(whole, keep))
	if err != nil && !whole && !endedByPeer(err) {
		_ = o.end(reasonFor(err))
		return result, err
	}
	_ = o.control.stream.Close()
	_ = o.session.Close()
	return result, errors.Join(err, result.partial())
}

// maxMissing is how much more than the whole disk has may be offered: a person may
// leave out what does not fit, but what is known of every chunk takes memory.
const maxMissing = 1 << 40

// fits refuses what no selection makes fit, before it costs anything.
func (o *Offer) fits(dir string) error {
	size, err := diskSize(dir)
	if err != nil || o.Total <= maxMissing || uint64(o.Total-maxMissing) <= size {
		return nil
	}
	return fault.New(fault.NoSpace, "%d bytes are offered, and the disk of %s has %d", o.Total, dir, size).
		WithHint("have less sent, or receive into another folder")
}

// check refuses what does not fit.
func (in *intake) check() error {
	needed := in.box.needed()
	if needed > in.a.MaxSize {
		return fault.New(fault.TooLarge, "%d bytes are offered; at most %d are taken", needed, in.a.MaxSize).
			WithHint("raise nearby.max_receive in config.toml")
	}
	if free, err := freeSpace(in.a.Dir); err == nil && uint64(needed) > free {
		return fault.New(fault.NoSpace, "%d bytes are needed in %s, and %d are free", needed, in.a.Dir, free).
			WithHint("make room, or receive into another folder")
	}
	return nil
}

// agree says what is wanted and what is here, and brings the bulk up.
func (in *intake) agree(ctx context.Context) (bulkConn, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	const batch = 2000 // keeps a message below maxMessage
	for haves := in.box.haves(); len(haves) > 0; {
		n := min(batch, len(haves))
		if err := in.o.control.send(message{Type: typeHave, Haves: haves[:n]}); err != nil {
			return nil, gone(err)
		}
		haves = haves[n:]
	}
	accept := message{Type: typeAccept, Skip: in.a.Skip}
	var w *waiter
	if in.a.Bulk != nil {
		var err error
		if w, err = in.a.Bulk.expect(in.o.Peer, nil); err != nil {
			return nil, err
		}
		defer w.cancel()
		accept.Port, accept.Ticket = in.a.Bulk.door.Port(), w.ticket[:]
	}
	if err := in.o.control.send(accept); err != nil {
		return nil, gone(err)
	}
	start, err := in.o.control.expect(typeStart)
	if err != nil {
		return nil, err
	}
	in.index, in.tcp = start.Index, start.TCP
	if err := in.box.reject(start.Spans); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, in.a.DialTime)
	defer cancel()
	if start.TCP && w != nil {
		c, err := w.wait(ctx)
		if err != nil {
			return nil, gone(err)
		}
		return c, nil
	}
	stream, err := in.o.session.Accept(ctx)
	if err == nil {
		_, err = io.ReadFull(stream, make([]byte, 1))
	}
	if err != nil {
		return nil, gone(err)
	}
	return streamConn{stream}, nil
}

// listen follows the control stream until the sender lets this receiver go.
func (in *intake) listen(ctx context.Context) error {
	for {
		m, err := in.o.control.expect(typePeer, typeGone, typeFailed, typeBye)
		if err != nil {
			return err
		}
		switch m.Type {
		case typePeer:
			if err := in.meet(ctx, m.Peer); err != nil {
				return err
			}
		case typeGone:
			in.forget(m.Index)
		case typeFailed:
			if m.File < 0 || m.File >= len(in.box.local) {
				return fault.New(fault.Invalid, "there is no file %d", m.File)
			}
			in.box.drop(m.File, "it changed, or could not be read, while it was sent")
			in.noteProgress()
		case typeBye:
			return nil
		}
	}
}
