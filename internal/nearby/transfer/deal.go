package transfer

import (
	"context"

	"github.com/kith-web/kith/internal/fault"
)

// learn remembers the hash of a chunk.
func (p *Push) learn(n int64, sum Digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known.add(n) {
		p.hashes[n] = sum
	}
}

// join lets a receiver take part: it is introduced to those that are there, and
// told what they pass on.
func (p *Push) join(r *receiver) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range p.receivers {
		if q.addr == "" || r.addr == "" {
			continue
		}
		t := newTicket()
		q.told = append(q.told, message{Type: typePeer, Peer: r.introduce(t, false)})
		r.told = append(r.told, message{Type: typePeer, Peer: q.introduce(t, true)})
	}
	p.receivers[r.index] = r
	for n := range p.s.layout.chunks() {
		if !p.dealt.has(n) || !p.known.has(n) || r.has.has(n) {
			continue
		}
		if q := p.receivers[int(p.holder[n])]; q != nil && q != r && !q.left {
			r.announce = append(r.announce, n)
		} else {
			r.wants = append(r.wants, n)
		}
	}
	for file := range p.failed {
		r.told = append(r.told, message{Type: typeFailed, File: file, Reason: Changed})
	}
	p.changed.Broadcast()
}

// introduce describes r to another receiver.
func (r *receiver) introduce(ticket []byte, dial bool) *other {
	peer := r.session.Peer()
	return &other{Index: r.index, Fingerprint: peer[:], Addrs: []string{r.addr}, Ticket: ticket, Dial: dial}
}

// leave takes a receiver out; the others turn to the sender for what it was to
// pass on.
func (p *Push) leave(r *receiver) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.left {
		return
	}
	r.left = true
	delete(p.receivers, r.index)
	for _, q := range p.receivers {
		q.told = append(q.told, message{Type: typeGone, Index: r.index})
	}
	p.changed.Broadcast()
}

// messenger tells r what concerns the others, so that a receiver that does not
// listen holds nobody up but itself.
func (p *Push) messenger(r *receiver) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for len(r.told) == 0 && !r.left {
			p.changed.Wait()
		}
		if r.left {
			return
		}
		told := r.told
		r.told = nil
		p.mu.Unlock()
		for _, m := range told {
			_ = r.control.send(m) // listen notices who is gone
		}
		p.mu.Lock()
	}
}

// awaitOthers marks r as done and returns when every receiver is, or r left.
func (p *Push) awaitOthers(r *receiver) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.done = true
	p.changed.Broadcast()
	for !r.left && !p.allDone() {
		p.changed.Wait()
	}
}

func (p *Push) allDone() bool {
	for _, q := range p.receivers {
		if !q.done {
			return false
		}
	}
	return true
}

// want queues chunks that a receiver asks for.
func (p *Push) want(r *receiver, spans []span) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	total := int64(len(r.wants))
	for _, s := range spans {
		if s[0] < 0 || s[1] <= s[0] || s[1] > p.s.layout.chunks() {
			return fault.New(fault.Invalid, "there are no chunks from %d to %d", s[0], s[1])
		}
		if total += s[1] - s[0]; total > 2*p.s.layout.chunks() {
			return fault.New(fault.Invalid, "more chunks are wanted than there are")
		}
		for n := s[0]; n < s[1]; n++ {
			r.wants = append(r.wants, n)
		}
	}
	p.changed.Broadcast()
	return nil
}

// task is the next thing to send to a receiver.
type task struct {
	chunk    int64
	announce bool
	holder   int
	sum      Digest
}

// deal returns the next task for r, waiting for one. It fails when ctx ends or r
// left.
func (p *Push) deal(ctx context.Context, r *receiver) (task, bool) {
	defer context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changed.Broadcast()
	})()
	p.mu.Lock()
	defer p.mu.Unlock()
	for ctx.Err() == nil && !r.left {
		if t, ok := p.taskFor(r); ok {
			return t, true
		}
		p.changed.Wait()
	}
	return task{}, false
}

// dealNow returns the next task for r if there is one.
func (p *Push) dealNow(r *receiver) (task, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.left {
		return task{}, false
	}
	return p.taskFor(r)
}

func (p *Push) taskFor(r *receiver) (task, bool) {
	for len(r.announce) > 0 {
		n := r.announce[0]
		r.announce = r.announce[1:]
		if !p.dead.has(n) {
			return task{chunk: n, announce: true, holder: int(p.holder[n]), sum: p.hashes[n]}, true
		}
	}
	for len(r.wants) > 0 {
		n := r.wants[0]
		r.wants = r.wants[1:]
		if !p.dead.has(n) {
			return task{chunk: n}, true
		}
	}
	for ; r.cursor < p.s.layout.chunks(); r.cursor++ {
		n := r.cursor
		if r.has.has(n) || p.dead.has(n) {
			continue
		}
		if p.dealt.add(n) {
			p.holder[n] = int32(r.index)
			r.cursor++
			return task{chunk: n}, true
		}
	}
	return task{}, false
}

// announceChunk tells the others that a chunk with this hash is with its holder.
func (p *Push) announceChunk(r *receiver, n int64, sum Digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known.add(n) {
		p.hashes[n] = sum
	}
	if int(p.holder[n]) != r.index {
		return // it was asked for besides
	}
	for _, q := range p.receivers {
		if q != r && !q.has.has(n) {
			q.announce = append(q.announce, n)
		}
	}
	if len(p.receivers) > 1 {
		p.changed.Broadcast()
	}
}

// fail gives a file up that cannot be read as it was offered, and says so.
func (p *Push) fail(file int, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.failed[file]; known {
		return
	}
	p.failed[file] = why.Error()
	l := p.s.layout
	for n := l.first[file]; n < l.first[file+1]; n++ {
		p.dead.add(n)
	}
	for _, q := range p.receivers {
		q.told = append(q.told, message{Type: typeFailed, File: file, Reason: Changed})
	}
	p.changed.Broadcast()
}
