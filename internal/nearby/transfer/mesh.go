package transfer

import (
	"context"
	"sync"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/door"
)

// maxMates bounds the other receivers that one has to do with.
const maxMates = 256

// meetings is how often a receiver is introduced to each other one of its group,
// at most: those that come back are others.
const meetings = 4

// mate is another receiver of the same files.
type mate struct {
	index int
	conn  *door.Conn

	mu     sync.Mutex
	wake   sync.Cond // of mu
	has    chunkSet
	told   bool // has is what it said
	queue  []int64
	closed bool
}

// meet connects with another receiver, as the sender says.
func (in *intake) meet(ctx context.Context, p *other) error {
	if p == nil || len(p.Fingerprint) != len(Fingerprint{}) || len(p.Ticket) != ticketSize || len(p.Addrs) == 0 || len(p.Addrs) > 8 {
		return fault.New(fault.Invalid, "another receiver was introduced without what is needed to know it")
	}
	if in.a.Bulk == nil || !in.mayMeet(p.Index) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, in.a.DialTime)
	if p.Dial {
		in.work.Go(func() {
			defer cancel()
			in.dialMate(ctx, p)
		})
		return nil
	}
	w, err := in.a.Bulk.expect(Fingerprint(p.Fingerprint), p.Ticket)
	if err != nil {
		cancel()
		return err
	}
	in.work.Go(func() {
		defer cancel()
		defer w.cancel()
		conn, err := w.wait(ctx)
		if err != nil {
			in.forget(p.Index)
			return
		}
		in.accompany(p.Index, conn)
	})
	return nil
}

// mayMeet counts an introduction. The sender says whom to connect to, and must not
// have this device connect to anybody any number of times.
func (in *intake) mayMeet(index int) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.mates[index] != nil || len(in.mates) >= maxMates || in.met >= min(meetings*in.o.Group, meetings*maxMates) {
		return false
	}
	in.met++
	return true
}

func (in *intake) dialMate(ctx context.Context, p *other) {
	for _, addr := range p.Addrs {
		conn, err := dialBulk(ctx, addr, in.a.Bulk.cert, Fingerprint(p.Fingerprint), p.Ticket)
		if err == nil {
			in.accompany(p.Index, conn)
			return
		}
		in.a.Log.Debug("another receiver cannot be reached", "addr", addr, "error", err)
	}
	in.forget(p.Index)
}

// accompany exchanges chunks with another receiver until the connection ends.
func (in *intake) accompany(index int, conn *door.Conn) {
	n := in.box.layout.chunks()
	m := &mate{index: index, conn: conn, has: newChunkSet(n)}
	m.wake.L = &m.mu
	in.mu.Lock()
	ended := in.mates == nil
	if !ended {
		in.mates[index] = m
		delete(in.gone, index)
		m.queue = append(m.queue, in.mine...)
	}
	in.mu.Unlock()
	if ended {
		_ = conn.Close()
		return
	}
	conn.Gather()
	pushed := make(chan struct{})
	go func() {
		defer close(pushed)
		if err := in.push(m); err != nil {
			in.a.Log.Debug("passing on ended", "to", conn.RemoteAddr(), "error", err)
			_ = conn.Close()
		}
	}()
	err := in.take(conn, ChunkSize, func(p parcelIn) error { return in.fromMate(m, p) })
	in.a.Log.Debug("another receiver left", "from", conn.RemoteAddr(), "error", err)
	m.close()
	<-pushed
	in.forget(index)
	if fault.KindOf(err) == fault.NoSpace {
		in.fail(err)
	}
}

// fromMate stores what another receiver passed on.
func (in *intake) fromMate(m *mate, p parcelIn) error {
	if p.kind == frameHave {
		m.mu.Lock()
		defer m.mu.Unlock()
		for n := range in.box.layout.chunks() {
			if p.data[n/8]&(1<<(n%8)) != 0 {
				m.has.add(n)
			}
		}
		m.told = true
		m.wake.Broadcast()
		return nil
	}
	if p.kind != frameRelay {
		return fault.New(fault.Invalid, "hashes are the sender's to tell")
	}
	if err := in.box.fromPeer(p.chunk, p.data); err != nil {
		return err
	}
	in.noteProgress()
	return nil
}

// passOn queues a chunk for the other receivers.
func (in *intake) passOn(n int64) {
	if in.o.Group < 2 {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.mine = append(in.mine, n)
	for _, m := range in.mates {
		m.mu.Lock()
		m.queue = append(m.queue, n)
		m.wake.Broadcast()
		m.mu.Unlock()
	}
}

// next waits for a chunk to pass on; idle says that what was written should
// leave first.
func (m *mate) next(flush func() error) (n int64, ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	flushed := false
	for {
		if m.closed {
			return 0, false, nil
		}
		if m.told && len(m.queue) > 0 {
			n, m.queue = m.queue[0], m.queue[1:]
			if !m.has.has(n) {
				return n, true, nil
			}
			continue
		}
		if !flushed {
			m.mu.Unlock()
			err = flush()
			m.mu.Lock()
			if err != nil {
				return 0, false, err
			}
			flushed = true
			continue
		}
		m.wake.Wait()
	}
}

// push tells a mate what is here, and passes on to it.
func (in *intake) push(m *mate) error {
	l := in.box.layout
	head := frame{kind: frameHave, length: int((l.chunks() + 7) / 8)}
	b := append(head.append(nil), in.box.bitmap()...)
	if _, err := m.conn.Write(b); err != nil {
		return err
	}
	buf, scratch := make([]byte, ChunkSize), make([]byte, 0, frameHead)
	for {
		n, ok, err := m.next(m.conn.Flush)
		if err != nil || !ok {
			return err
		}
		data, err := in.box.read(n, buf)
		if err != nil { // a file that was given up: the others were told
			continue
		}
		scratch = frame{kind: frameRelay, chunk: n, length: len(data)}.append(scratch[:0])
		if _, err := m.conn.Write(scratch); err != nil {
			return err
		}
		if _, err := m.conn.Write(data); err != nil {
			return err
		}
	}
}

func (m *mate) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.wake.Broadcast()
	_ = m.conn.Close()
}

// forget lets the sender bring what another receiver does not pass on.
func (in *intake) forget(index int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.gone[index] = true
	delete(in.mates, index)
}

// distrust ends the connection with a receiver that passed on something else
// than the sender sent.
func (in *intake) distrust(index int) {
	in.mu.Lock()
	m := in.mates[index]
	in.mu.Unlock()
	if m != nil {
		m.close()
	}
	in.forget(index)
}

func (in *intake) closeMates() {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, m := range in.mates {
		m.close()
	}
	in.mates = nil
}
