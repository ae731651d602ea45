package transfer

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// intake is one transfer that is being received.
type intake struct {
	o      *Offer
	a      AcceptOptions
	box    *inbox
	index  int
	tcp    bool
	cancel context.CancelCauseFunc
	moved  atomic.Int64 // when the last chunk was stored

	work  sync.WaitGroup
	ready chan struct{} // of one: something changed that may have been the last
	said  bool          // that all is here; of the goroutine that reports

	mu    sync.Mutex
	mates map[int]*mate
	met   int // how many were introduced
	gone  map[int]bool
	mine  []int64  // chunks that this receiver passes on
	from  []int32  // who passes on each chunk that was announced; 0 for the others
	asked chunkSet // of the sender
}

func (in *intake) run(ctx context.Context) (Result, error) {
	in.a.Watch(Progress{State: StateOffered, Total: in.o.Total})
	in.asked = newChunkSet(in.box.layout.chunks())
	in.from = make([]int32, in.box.layout.chunks())
	in.ready = make(chan struct{}, 1)
	bulk, err := in.agree(ctx)
	if err != nil {
		return Result{}, err
	}
	stop := context.AfterFunc(ctx, func() {
		in.o.control.leave(reasonFor(context.Cause(ctx)))
		_ = in.o.control.stream.Close()
		_ = bulk.Close()
		in.closeMates()
	})
	defer stop()
	if err := in.box.begin(); err != nil {
		return Result{}, err
	}
	in.box.finished = in.noteProgress
	released := make(chan error, 1)
	in.work.Go(func() { released <- in.listen(ctx) })
	in.work.Go(func() {
		err := in.take(bulk, pieceSize, in.fromSender())
		select { // the sender may be about to say why
		case <-ctx.Done():
		case <-time.After(lingerTime):
		}
		in.fail(err)
	})
	reports, stopReports := context.WithCancel(ctx)
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		in.report(reports)
	}()
	err = <-released
	if in.box.complete() {
		err = nil // all is here: the rest of the talk is a courtesy
	}
	stopReports()
	<-reported
	if err == nil {
		stop()
	}
	in.cancel(err)
	_ = bulk.Close()
	in.closeMates()
	_ = in.o.control.stream.Close()
	in.work.Wait()
	result := in.result()
	if err == nil && !in.box.complete() {
		err = fault.New(fault.Unreachable, "the sender ended before everything was here").WithHint("have it sent again")
	}
	return result, err
}

func (in *intake) result() Result {
	in.box.mu.Lock()
	defer in.box.mu.Unlock()
	r := Result{Bytes: in.box.done, Resumed: in.box.resumed, TCP: in.tcp, Names: in.box.names}
	for i, why := range in.box.failed {
		if r.Failed == nil {
			r.Failed = map[string]string{}
		}
		r.Failed[in.o.Files[i].Path] = why
	}
	for i := range in.box.local {
		if in.box.local[i] != "" {
			r.Files++
		}
	}
	r.Files -= len(in.box.failed)
	return r
}

// fail ends the transfer with an error, unless everything is here.
func (in *intake) fail(err error) {
	if err != nil && !in.box.complete() {
		in.cancel(err)
	}
}

// parcelIn is what arrived and is to be stored: the head of its frame, and the
// content or a piece of it. The data is good until the next one.
type parcelIn struct {
	frame
	data []byte
	at   int    // where in the chunk the piece is
	last bool   // it is the last piece
	sum  Digest // of the chunk, with the last piece
}

// taking reads one bulk connection. Reading, decrypting, hashing and writing are
// one goroutine's work: what it has in the processor's cache it would have to
// fetch from farther away if another one went on.
type taking struct {
	in    *intake
	conn  io.Reader
	store func(parcelIn) error
	buf   []byte // of size, from the first chunk on
	size  int
}

// take reads frames from the sender, or, with another handler, from another
// receiver, until the connection ends. Chunks are handed over in pieces of size.
func (in *intake) take(conn io.Reader, size int, store func(parcelIn) error) error {
	t := &taking{in: in, conn: conn, store: store, size: size}
	scratch := make([]byte, frameHead)
	for {
		f, err := readFrame(conn, in.box.layout, scratch)
		if err != nil {
			return gone(err)
		}
		p := parcelIn{frame: f, last: true}
		switch f.kind {
		case frameHash:
			_, err = io.ReadFull(conn, p.sum[:])
		case frameHave:
			p.data = make([]byte, f.length) // as long as our own set
			_, err = io.ReadFull(conn, p.data)
		default:
			if err := t.chunk(p); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return gone(err)
		}
		if err := store(p); err != nil {
			return err
		}
	}
}

// chunk reads a chunk, and behind it its hash when it comes from the sender.
func (t *taking) chunk(p parcelIn) error {
	if t.buf == nil {
		t.buf = make([]byte, t.size)
	}
	length := t.in.box.layout.length(p.chunk)
	for ; p.at < length; p.at += t.size {
		p.data = t.buf[:min(t.size, length-p.at)]
		p.last = p.at+t.size >= length
		_, err := io.ReadFull(t.conn, p.data)
		if err == nil && p.last && p.kind == frameData {
			_, err = io.ReadFull(t.conn, p.sum[:])
		}
		if err != nil {
			return gone(err)
		}
		if err := t.store(p); err != nil {
			return err
		}
	}
	return nil
}

// fromSender returns what stores what the sender sends.
func (in *intake) fromSender() func(parcelIn) error {
	a := &arrival{box: in.box}
	return func(p parcelIn) error {
		switch p.kind {
		case frameHash:
			return in.announced(p)
		case frameData:
		default:
			return fault.New(fault.Invalid, "the sender sent a frame of kind %d", p.kind)
		}
		if p.at == 0 {
			a.begin(p.chunk)
		}
		if !p.last {
			return a.piece(p.at, p.data)
		}
		fresh, err := a.end(p.at, p.data, p.sum)
		if err != nil {
			return err
		}
		if fresh {
			in.passOn(p.chunk)
		}
		in.noteProgress()
		return nil
	}
}

// announced takes the sender's word on a chunk that another receiver passes on.
func (in *intake) announced(p parcelIn) error {
	bad, err := in.box.announced(p.chunk, p.sum)
	if err != nil {
		return err
	}
	in.mu.Lock()
	in.from[p.chunk] = int32(p.holder)
	in.mu.Unlock()
	if bad {
		in.distrust(p.holder)
	}
	in.noteProgress()
	return nil
}

func (in *intake) noteProgress() {
	in.moved.Store(time.Now().UnixNano())
	if !in.box.complete() {
		return
	}
	select {
	case in.ready <- struct{}{}:
	default:
	}
}

// report says how far it is, asks the sender for what others do not bring, and
// says when all is here.
func (in *intake) report(ctx context.Context) {
	ticker := time.NewTicker(DefaultReportEach)
	defer ticker.Stop()
	sweep := time.NewTicker(time.Second)
	defer sweep.Stop()
	last := int64(-1)
	for {
		if err := in.tell(&last); err != nil {
			return // listen notices
		}
		select {
		case <-ctx.Done():
			_ = in.tell(&last)
			return
		case err := <-in.box.trouble:
			in.cancel(err)
			return
		case <-sweep.C:
			in.askAgain()
		case <-ticker.C:
		case <-in.ready:
		}
	}
}

// tell sends the progress when it changed, and once that all is here.
func (in *intake) tell(last *int64) error {
	done, complete := in.box.doneBytes(), in.box.complete()
	state := StateMoving
	if complete {
		state = StateSharing
	}
	if done != *last || complete && !in.said {
		*last = done
		in.a.Watch(Progress{State: state, Done: done, Total: in.box.wanted(), Resumed: in.box.resumed, TCP: in.tcp})
		if err := in.o.control.send(message{Type: typeProgress, Done: done}); err != nil {
			return err
		}
	}
	if !complete || in.said {
		return nil
	}
	in.said = true
	in.box.mu.Lock()
	failed := len(in.box.failed)
	in.box.mu.Unlock()
	return in.o.control.send(message{Type: typeDone, Failed: failed})
}

// askAgain wants from the sender what was announced and nobody brings: because
// its holder is gone or is not known after a while, or because nothing has come
// at all for a while.
func (in *intake) askAgain() {
	stalled := time.Since(time.Unix(0, in.moved.Load())) > in.a.StallTime
	in.mu.Lock()
	missing := in.box.absent(func(n int64) bool {
		holder := int(in.from[n])
		if holder == 0 || in.asked.has(n) && !stalled {
			return false
		}
		return stalled || in.gone[holder]
	})
	for _, n := range missing {
		in.asked.add(n)
	}
	if stalled {
		in.moved.Store(time.Now().UnixNano())
	}
	in.mu.Unlock()
	const batch = 5000
	for len(missing) > 0 {
		n := min(batch, len(missing))
		if in.o.control.send(message{Type: typeWant, Spans: spansOf(missing[:n])}) != nil {
			return
		}
		missing = missing[n:]
	}
}

// spansOf joins numbers in rising order.
func spansOf(numbers []int64) []span {
	var out []span
	for _, n := range numbers {
		if k := len(out); k > 0 && out[k-1][1] == n {
			out[k-1][1]++
		} else {
			out = append(out, span{n, n + 1})
		}
	}
	return out
}
