package exchange

import (
	"context"
	"io"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/seal"
)

// uploads is how many chunks of one body are on their way at once.
const uploads = 3

// shelf is somewhere chunks can be put: a relay, or the own mailbox.
type shelf struct {
	place
	told    string // as the asker knows it
	mailbox seal.Mailbox
	own     bool
}

// shelves returns where the asker can fetch chunks from, best first.
func (p *Peer) shelves(e Serve) ([]shelf, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.core.o.People.Relation(e.From)
	if !ok {
		return nil, fault.New(fault.NotFound, "the relation has ended")
	}
	var all []shelf
	if e.Direct && p.home != nil && len(p.core.own) != 0 && len(r.In) != 0 {
		all = append(all, shelf{place{pool: p.home, url: p.o.Own.URL}, p.core.own[0].URL, r.In[0], true})
	}
	for _, m := range r.Out {
		if a, err := p.relayAt(m.Relay); err == nil {
			all = append(all, shelf{a, m.Relay, m, false})
		}
	}
	return all, nil
}

// upload cuts a body into chunks, seals them and puts them on the first shelf that
// takes them.
func (p *Peer) upload(ctx context.Context, e Serve, reply *seal.Reply) (*seal.Chunks, error) {
	shelves, err := p.shelves(e)
	if err != nil {
		return nil, err
	}
	key, err := seal.NewSeed(p.core.o.Rand)
	if err != nil {
		return nil, err
	}
	size := seal.ChunkSize(reply.Size)
	room := int64(seal.ChunkRoom(size))
	c := &seal.Chunks{Key: key, Size: reply.Size, Each: int64(size), At: make([]seal.ChunkRef, (reply.Size+room-1)/room)}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	slots := make(chan struct{}, uploads)
	for i := range c.At {
		part := make([]byte, min(room, reply.Size-int64(i)*room))
		if _, err := io.ReadFull(reply.Body, part); err != nil {
			stop(err)
			break
		}
		chunk, err := seal.SealChunk(key, uint64(i), part, size)
		if err != nil {
			stop(err)
			break
		}
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			if c.At[i], err = p.shelve(ctx, shelves, chunk); err != nil {
				stop(err)
			}
		}()
	}
	for range uploads {
		slots <- struct{}{} // all are through
	}
	if err := context.Cause(ctx); err != nil {
		return nil, fault.New(fault.Unreachable, "put %d octets where a friend can fetch them: %w", reply.Size, err)
	}
	return c, nil
}

// shelve puts one chunk somewhere.
func (p *Peer) shelve(ctx context.Context, shelves []shelf, chunk []byte) (seal.ChunkRef, error) {
	err := fault.New(fault.Unreachable, "there is no relay to put chunks on")
	for _, s := range shelves {
		ref, tried := p.shelveAt(ctx, s, chunk)
		if tried == nil {
			return ref, nil
		}
		err = fault.New(fault.Unreachable, "relay %s: %w", s.told, tried)
	}
	return seal.ChunkRef{}, err
}

func (p *Peer) shelveAt(ctx context.Context, s shelf, chunk []byte) (seal.ChunkRef, error) {
	ctx, stop := context.WithTimeout(ctx, 2*p.o.Patience)
	defer stop()
	ref, err := seal.NewChunkRef(p.core.o.Rand, s.told)
	if err != nil {
		return ref, err
	}
	ticket, err := p.ticket(ctx, s, class(len(chunk)))
	if err != nil {
		return ref, err
	}
	options := p.options(s.place)
	if s.own {
		options = p.o.Own.Client
	}
	p.mu.Lock()
	chunks, err := p.chunksAt(s.url, "", options)
	p.mu.Unlock()
	if err != nil {
		return ref, err
	}
	return ref, chunks.Upload(ctx, ticket, mailbox.ID(ref.ID), [32]byte(ref.Erase), chunk)
}

// ticket asks for the right to put a chunk: as sender of the asker's queue, or as
// recipient of the own.
func (p *Peer) ticket(ctx context.Context, s shelf, class uint8) (ticket []byte, err error) {
	do := func(ctx context.Context, session *client.Session) error {
		var tickets [][]byte
		if s.own {
			recipient, err := key(s.mailbox.Recipient)
			if err != nil {
				return err
			}
			tickets, err = session.TicketsOf(ctx, recipient, class, 1)
			if err != nil {
				return err
			}
		} else {
			from, err := sender(s.mailbox)
			if err != nil {
				return err
			}
			if tickets, err = session.Tickets(ctx, from, class, 1); err != nil {
				return err
			}
		}
		if len(tickets) == 0 {
			return fault.New(fault.Unreachable, "the relay gave no ticket")
		}
		ticket = tickets[0]
		return nil
	}
	if s.own {
		err = s.pool.Receive(ctx, s.url, do)
	} else {
		err = s.pool.Send(ctx, s.url, do)
	}
	return ticket, err
}

// class is the size class of a chunk (spec/mailbox.md §3).
func class(size int) uint8 {
	for i, s := range seal.ChunkSizes() {
		if s == size {
			return uint8(i + 1)
		}
	}
	return 0
}

// chunksAt returns what talks of chunks with one mailbox, which has this
// certificate when that is not empty. It is called with the lock held.
func (p *Peer) chunksAt(url, certificate string, o client.Options) (*client.Chunks, error) {
	at := url + " " + certificate
	if c := p.chunks[at]; c != nil {
		return c, nil
	}
	c, err := client.NewChunks(url, o)
	if err != nil {
		return nil, err
	}
	if len(p.chunks) >= mostDirect {
		for _, other := range p.chunks {
			other.Close() // drops what is idle alone
		}
		clear(p.chunks)
	}
	p.chunks[at] = c
	return c, nil
}
