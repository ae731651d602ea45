package exchange

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/kith-web/kith/internal/seal"
)

// AskOptions are how a request waits for its answer.
type AskOptions struct {
	// Wait is how long Ask waits: not at all.
	Wait time.Duration
	// For is how long the request stays open, this program's end included: the
	// lifetime of a message.
	For time.Duration
	// Once withdraws the request when Ask returns without an answer.
	Once bool
}

// Answered is what a request came to.
type Answered struct {
	ID seal.MessageID
	// Reply is nil while nobody has answered. Closing its body forgets the request.
	Reply *seal.Reply
}

// Ask asks the other side of a relation. Without an answer in time the request stays
// open, and Answer waits for it again.
func (p *Peer) Ask(ctx context.Context, to seal.RelationID, q seal.Request, o AskOptions) (Answered, error) {
	var id seal.MessageID
	err := p.do(func() ([]Effect, error) {
		var effects []Effect
		var err error
		id, effects, err = p.core.Ask(to, q, o.For)
		return effects, err
	})
	if err != nil {
		return Answered{}, err
	}
	a, err := p.Answer(ctx, id, o.Wait)
	if o.Once && (err != nil || a.Reply == nil) {
		p.forget(id)
	}
	return a, err
}

// Answer waits for the answer to a request that was made before.
func (p *Peer) Answer(ctx context.Context, id seal.MessageID, wait time.Duration) (Answered, error) {
	ctx, stop := context.WithTimeout(ctx, max(wait, 0))
	defer stop()
	for {
		p.mu.Lock()
		asked, err := p.core.Asked(id)
		if err != nil {
			p.mu.Unlock()
			return Answered{ID: id}, err
		}
		if asked.Response != nil {
			defer p.mu.Unlock()
			return p.reply(asked)
		}
		if p.waiting[id] == nil {
			p.waiting[id] = make(chan struct{})
		}
		arrived, ended := p.waiting[id], p.ended
		p.mu.Unlock()
		if ended {
			return Answered{ID: id}, nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Answered{ID: id}, nil
		}
	}
}

// Asked returns the requests that were not cancelled or forgotten, oldest first.
func (p *Peer) Asked() []Asked {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.core.AllAsked()
}

// Cancel withdraws a request, or forgets its answer.
func (p *Peer) Cancel(id seal.MessageID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.waiting[id]; w != nil {
		close(w)
		delete(p.waiting, id)
	}
	return p.core.Cancel(id)
}

// forget is Cancel for a request that may be over.
func (p *Peer) forget(id seal.MessageID) {
	if err := p.Cancel(id); err != nil {
		p.o.Log.Debug("a request is over already", "error", err)
	}
}

// reply makes a response what it was before it was sealed.
func (p *Peer) reply(a Asked) (Answered, error) {
	r := a.Response
	reply := &seal.Reply{Status: r.Status, Header: r.Header, Size: int64(len(r.Body))}
	switch {
	case r.Chunks != nil:
		body, err := p.download(a)
		if err != nil {
			return Answered{ID: a.ID}, err
		}
		reply.Body, reply.Size = body, r.Chunks.Size
	case len(r.Body) != 0:
		reply.Body = &held{Reader: bytes.NewReader(r.Body), close: func() { p.forget(a.ID) }}
	default:
		reply.Body = &held{Reader: bytes.NewReader(nil), close: func() { p.forget(a.ID) }}
	}
	return Answered{ID: a.ID, Reply: reply}, nil
}

// held is a body that is forgotten when it is closed.
type held struct {
	io.Reader
	close func()
}

// Close forgets the answer, once.
func (h *held) Close() error {
	if h.close != nil {
		h.close()
		h.close = nil
	}
	return nil
}
