package transfer

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"lukechampine.com/blake3"

	"github.com/kith-web/kith/internal/fault"
)

// Defaults of PushOptions and AcceptOptions.
const (
	DefaultDialTime   = 2 * time.Second
	DefaultOfferTime  = 10 * time.Minute
	DefaultReportEach = 200 * time.Millisecond
)

// filesPerMessage keeps a message of files below maxMessage.
const filesPerMessage = 200

// PushOptions say how to send.
type PushOptions struct {
	// Name of this device, for the person who is asked.
	Name string
	// Certificate of this device, for bulk connections.
	Certificate tls.Certificate
	// Group is how many receivers are expected.
	Group int
	// NoTCP sends over the session alone.
	NoTCP bool
	// DialTime is how long a bulk connection may take to come up before the
	// session is used; OfferTime how long a person has to accept.
	DialTime, OfferTime time.Duration
	Log                 *slog.Logger
}

// Push is files on their way to receivers, who share what they are dealt.
type Push struct {
	o PushOptions
	s *Source

	mu        sync.Mutex
	changed   sync.Cond // of mu: there may be more to deal
	hashes    []Digest
	known     chunkSet // whose hash is known
	dealt     chunkSet // that a receiver was dealt
	dead      chunkSet // of files that cannot be sent
	holder    []int32  // whom a chunk was dealt to
	failed    map[int]string
	receivers map[int]*receiver
	next      int
}

// NewPush prepares to send a source.
func NewPush(s *Source, o PushOptions) *Push {
	if o.DialTime <= 0 {
		o.DialTime = DefaultDialTime
	}
	if o.OfferTime <= 0 {
		o.OfferTime = DefaultOfferTime
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	n := s.layout.chunks()
	p := &Push{
		o: o, s: s, hashes: make([]Digest, n), holder: make([]int32, n),
		known: newChunkSet(n), dealt: newChunkSet(n), dead: newChunkSet(n),
		failed: map[int]string{}, receivers: map[int]*receiver{}, next: 1,
	}
	p.changed.L = &p.mu
	return p
}

// State is how far a transfer is.
type State string

// The states of a transfer, in the order they come in.
const (
	StateOffered  State = "offered"  // the receiver is asked
	StateMoving   State = "moving"   // bytes are on their way
	StateSharing  State = "sharing"  // all is here, and passed on to others
	StateDone     State = "done"     // all was verified and stored
	StatePartial  State = "partial"  // some files could not be sent
	StateDeclined State = "declined" // the receiver does not want it
	StateCanceled State = "canceled" // a person stopped it
	StateFailed   State = "failed"   // it broke, and can be resumed
)

// Progress of a transfer with one device.
type Progress struct {
	State State `json:"state"`
	// Done of Total bytes are verified and on the receiver's disk.
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
	// Resumed are the bytes an earlier attempt had brought.
	Resumed int64 `json:"resumed,omitempty"`
	// TCP says that the bulk goes over TCP.
	TCP bool `json:"tcp"`
}

// Result is what a transfer came to.
type Result struct {
	Files   int   `json:"files"`
	Bytes   int64 `json:"bytes"`
	Resumed int64 `json:"resumed,omitempty"`
	TCP     bool  `json:"tcp"`
	// Failed lists files that did not arrive, with the reason.
	Failed map[string]string `json:"failed,omitempty"`
	// Names are the local names of what arrived at the top, by the name it was
	// offered with.
	Names map[string]string `json:"names,omitempty"`
}

// partial is the error of a result that is not complete.
func (r Result) partial() error {
	if len(r.Failed) == 0 {
		return nil
	}
	for name, why := range r.Failed {
		return fault.New(fault.Partial, "%d of the files could not be sent, %q among them: %s", len(r.Failed), name, why).
			WithHint("send them again")
	}
	return nil
}

// receiver is one of those that a Push delivers to.
type receiver struct {
	p       *Push
	session Session
	control *control
	watch   func(Progress)

	index  int
	tcp    bool
	addr   string // of its Bulk; "" for none
	bulk   bulkConn
	state  Progress // of the goroutine that reads the control stream
	missed int      // files that did not arrive, as it says

	// What follows is covered by Push.mu.
	has      chunkSet // it needs none of these
	wants    []int64  // to be sent though they were dealt to others
	announce []int64  // whose hash it is to be told
	told     []message
	cursor   int64
	done     bool
	left     bool
}

// To offers the files in a session and delivers what is accepted. It returns
// when the receiver has everything and no other receiver needs it any more. The
// session is closed. watch is called by one goroutine at a time.
func (p *Push) To(ctx context.Context, s Session, watch func(Progress)) (Result, error) {
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if watch == nil {
		watch = func(Progress) {}
	}
	stream, err := s.Open(ctx)
	if err != nil {
		return Result{}, gone(err)
	}
	r := &receiver{p: p, session: s, control: newControl(stream), watch: watch, has: newChunkSet(p.s.layout.chunks())}
	stop := context.AfterFunc(ctx, func() {
		r.control.leave(reasonFor(context.Cause(ctx)))
		_ = s.Close() // whatever still waits for it, such as a stream to open
	})
	defer stop()
	result, err := r.run(ctx, cancel)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err != nil && fault.KindOf(err) != fault.Partial && !endedByPeer(err) {
		go r.control.drain()
		r.control.leave(reasonFor(err))
	}
	_ = stream.Close()
	return result, err
}

// lingerTime is how long a session may take to deliver the last message.
const lingerTime = time.Second

func (r *receiver) run(ctx context.Context, cancel context.CancelCauseFunc) (Result, error) {
	accept, err := r.offer()
	if err != nil {
		return Result{}, err
	}
	if err := r.connect(ctx, accept); err != nil {
		return Result{}, err
	}
	defer func() { _ = r.bulk.Close() }()
	r.p.join(r)
	defer r.p.leave(r)
	go r.p.messenger(r)
	feeding := make(chan error, 1)
	go func() {
		err := r.feed(ctx)
		if err != nil {
			select { // the receiver may be about to say why
			case <-ctx.Done():
			case <-time.After(lingerTime):
			}
			cancel(err)
		}
		feeding <- err
	}()
	err = r.listen()
	if err != nil {
		cancel(err)
	}
	r.p.leave(r)
	_ = r.bulk.Close()
	<-feeding
	return r.result(), errors.Join(err, r.result().partial())
}

func (r *receiver) result() Result {
	res := Result{TCP: r.tcp, Bytes: r.state.Done, Resumed: r.state.Resumed}
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	for i, why := range r.p.failed {
		if res.Failed == nil {
			res.Failed = map[string]string{}
		}
		res.Failed[r.p.s.layout.files[i].Path] = why
	}
	res.Files = len(r.p.s.layout.files) - len(r.p.failed)
	return res
}

// offer sends the list of files and waits for the answer, checking what the
// receiver says it has.
func (r *receiver) offer() (message, error) {
	l := r.p.s.layout
	r.state = Progress{State: StateOffered, Total: l.total}
	r.watch(r.state)
	err := r.control.send(message{Type: typeOffer, Name: r.p.o.Name, Count: len(l.files), Total: l.total, Group: r.p.o.Group})
	for files := range slices.Chunk(l.files, filesPerMessage) {
		if err == nil {
			err = r.control.send(message{Type: typeFiles, Files: files})
		}
	}
	if err != nil {
		return message{}, gone(err)
	}
	timer := time.AfterFunc(r.p.o.OfferTime, func() { _ = r.control.stream.Close(); _ = r.session.Close() })
	defer timer.Stop()
	wrong, files := []span(nil), newReader(r.p.s)
	defer files.close()
	for {
		m, err := r.control.expect(typeHave, typeAccept)
		if err != nil {
			return m, err
		}
		if m.Type == typeAccept {
			m.Spans = wrong
			return m, r.skip(m.Skip)
		}
		if !timer.Stop() {
			return m, fault.New(fault.Unreachable, "the other device did not answer within %v", r.p.o.OfferTime)
		}
		bad, err := r.check(files, m.Haves)
		if err != nil {
			return m, err
		}
		wrong = append(wrong, bad...)
	}
}

// skip leaves out what the receiver does not want.
func (r *receiver) skip(files []int) error {
	l := r.p.s.layout
	for _, i := range files {
		if i < 0 || i >= len(l.files) {
			return fault.New(fault.Invalid, "there is no file %d to skip", i)
		}
		for n := l.first[i]; n < l.first[i+1]; n++ {
			r.has.add(n)
		}
		r.state.Total -= l.files[i].Size
	}
	return nil
}

// check compares what a receiver has of an earlier attempt with the files here,
// and returns what differs.
func (r *receiver) check(files *reader, haves []have) (wrong []span, err error) {
	l, buf := r.p.s.layout, make([]byte, ChunkSize)
	for _, h := range haves {
		from, to := h.Span[0], h.Span[1]
		if from < 0 || to <= from || to > l.chunks() {
			return nil, fault.New(fault.Invalid, "there are no chunks from %d to %d", from, to)
		}
		all, bytes, ok := blake3.New(32, nil), int64(0), true
		for n := from; n < to && ok; n++ {
			_, data, sum, err := files.read(n, buf)
			if ok = err == nil; ok {
				_, _ = all.Write(sum[:])
				r.p.learn(n, sum)
				bytes += int64(len(data))
			}
		}
		if !ok || !slices.Equal(all.Sum(nil), h.Hash) {
			wrong = append(wrong, h.Span)
			continue
		}
		for n := from; n < to; n++ {
			r.has.add(n)
		}
		r.state.Resumed += bytes
	}
	r.state.Done = r.state.Resumed
	return wrong, nil
}

// connect brings up what the chunks go through, and says so.
func (r *receiver) connect(ctx context.Context, accept message) error {
	addr, ok := bulkAddr(r.session.RemoteAddr(), accept.Port)
	if ok && !r.p.o.NoTCP && len(accept.Ticket) == ticketSize {
		dialCtx, cancel := context.WithTimeout(ctx, r.p.o.DialTime)
		conn, err := dialBulk(dialCtx, addr, r.p.o.Certificate, r.session.Peer(), accept.Ticket)
		cancel()
		if err == nil {
			conn.Gather()
			r.bulk, r.tcp, r.addr = conn, true, addr
		} else {
			r.p.o.Log.Info("the bulk goes over the session: TCP does not connect", "peer", addr, "error", err)
		}
	}
	r.p.mu.Lock()
	r.index = r.p.next
	r.p.next++
	r.p.mu.Unlock()
	if err := r.control.send(message{Type: typeStart, TCP: r.tcp, Index: r.index, Spans: accept.Spans}); err != nil {
		return gone(err)
	}
	if !r.tcp {
		stream, err := r.session.Open(ctx)
		if err != nil {
			return gone(err)
		}
		// A stream is there for the other side with its first byte.
		if _, err := stream.Write([]byte{0}); err != nil {
			return gone(err)
		}
		r.bulk = streamConn{stream}
	}
	r.state.State, r.state.TCP = StateMoving, r.tcp
	r.watch(r.state)
	return nil
}

// listen follows what the receiver says until it needs nothing any more.
func (r *receiver) listen() error {
	for {
		m, err := r.control.expect(typeWant, typeProgress, typeDone)
		if err != nil {
			return err
		}
		switch m.Type {
		case typeWant:
			if err := r.p.want(r, m.Spans); err != nil {
				return err
			}
		case typeProgress:
			r.state.Done = max(r.state.Done, min(m.Done, r.state.Total))
			r.watch(r.state)
		case typeDone:
			r.state.State, r.missed = StateSharing, m.Failed
			if m.Failed == 0 {
				r.state.Done = r.state.Total
			}
			r.watch(r.state)
			return r.finish()
		}
	}
}

// finish lets the receiver go when no other needs it.
func (r *receiver) finish() error {
	free := make(chan struct{})
	go func() {
		r.p.awaitOthers(r)
		close(free)
	}()
	lost := make(chan error, 1)
	go func() {
		for {
			m, err := r.control.receive()
			if err != nil || m.Type == typeEnd {
				lost <- err
				return
			}
		}
	}()
	select {
	case <-free:
		_ = r.control.send(message{Type: typeBye})
		// The receiver closes; whether it does in order says nothing about
		// what it stored.
		select {
		case <-lost:
		case <-time.After(lingerTime):
		}
	case <-lost: // it has everything, and does not pass on any more
	}
	return nil
}

// newTicket makes the right of two receivers to connect.
func newTicket() []byte {
	t := make([]byte, ticketSize)
	_, _ = rand.Read(t)
	return t
}
