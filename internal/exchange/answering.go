package exchange

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// serve has the Answerer answer, and seals and sends what it says.
func (p *Peer) serve(e Serve) {
	within := p.o.AnswerWithin
	if wanted := time.Duration(min(e.Request.Within, within.Milliseconds())) * time.Millisecond; wanted > 0 {
		within = wanted
	}
	p.spawn(within, func(ctx context.Context) {
		select {
		case p.answering <- struct{}{}:
			defer func() { <-p.answering }()
		case <-ctx.Done():
		}
		response, err := p.answer(ctx, e)
		act := func() ([]Effect, error) { return p.core.Answered(e.Token, response) }
		if fault.KindOf(err) == fault.Unreachable {
			p.o.Log.Info("left a request to another device", "error", err)
			act = func() ([]Effect, error) { return p.core.Decline(e.Token) }
		} else if err != nil {
			p.o.Log.Error("cannot answer", "relation", short(e.From[:]), "error", err)
			response = seal.Response{Status: http.StatusInternalServerError}
		}
		if err := p.do(act); err != nil {
			p.o.Log.Error("cannot keep an answer", "error", err)
		}
	})
}

// answer asks the Answerer and puts a large body where the asker can fetch it.
func (p *Peer) answer(ctx context.Context, e Serve) (r seal.Response, err error) {
	reply, err := p.o.Answerer.Answer(ctx, e.From, e.Kind, e.Request)
	if err != nil {
		return r, err
	}
	r = seal.Response{Status: reply.Status, Header: reply.Header}
	if reply.Body == nil {
		return r, nil
	}
	defer func() {
		if closed := reply.Body.Close(); err == nil {
			err = closed
		}
	}()
	switch {
	case reply.Size > seal.MaxChunked:
		return r, fault.New(fault.Internal, "an answer of %d octets, at most %d are allowed", reply.Size, seal.MaxChunked)
	case reply.Size > seal.MaxInline:
		r.Chunks, err = p.upload(ctx, e, reply)
		return r, err
	}
	r.Body = make([]byte, reply.Size)
	if _, err := io.ReadFull(reply.Body, r.Body); err != nil {
		return r, fault.New(fault.Internal, "read what is to be answered: %w", err)
	}
	return r, nil
}
