package mailbox

import (
	"context"
	"crypto/ed25519"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/ohttp"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// maxOblivious is the longest encapsulated request.
const maxOblivious = 65536 + 1024

// serveKeys tells the key that requests are sealed for, signed by the relay.
func (p *Part) serveKeys(w http.ResponseWriter) {
	keys, err := p.keys.keys()
	if err != nil {
		p.o.Log.Warn("there is no key for oblivious requests", "error", err)
		later(w, http.StatusServiceUnavailable, failWait)
		return
	}
	h := w.Header()
	h.Set("Content-Type", ohttp.KeysType)
	h.Set("Access-Control-Expose-Headers", mailbox.RelayHeader+", "+mailbox.SignatureHeader)
	h.Set(mailbox.RelayHeader, mailbox.Encode(p.id[:]))
	h.Set(mailbox.SignatureHeader, mailbox.Encode(ed25519.Sign(p.identity, mailbox.KeysInput(keys))))
	if _, err := w.Write(keys); err != nil {
		p.o.Log.Debug("cannot answer", "error", err)
	}
}

// serveOblivious takes a message from who is not to be known (spec §4).
func (p *Part) serveOblivious(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOblivious))
	if err != nil {
		http.Error(w, "the request is too long or broken off", http.StatusBadRequest)
		return
	}
	request, answer, err := p.keys.open(body)
	if err != nil {
		p.count.refused.Add(1)
		http.Error(w, "the request cannot be opened", http.StatusBadRequest)
		return
	}
	ctx, stop := context.WithTimeout(r.Context(), storeTimeout)
	defer stop()
	sealed, err := answer.Seal(p.inner(ctx, request).Marshal())
	if err != nil {
		p.o.Log.Warn("an answer cannot be sealed", "error", err)
		later(w, http.StatusServiceUnavailable, failWait)
		return
	}
	w.Header().Set("Content-Type", ohttp.ResponseType)
	if _, err := w.Write(sealed); err != nil {
		p.o.Log.Debug("cannot answer", "error", err)
	}
}

// inner answers a request that was opened.
func (p *Part) inner(ctx context.Context, request []byte) ohttp.Response {
	r, err := ohttp.ParseRequest(request)
	if err != nil || r.Method != http.MethodPost || r.Path != mailbox.PutPath {
		return ohttp.Response{Status: http.StatusNotFound}
	}
	err = p.told(p.putSingle(ctx, r.Content))
	var wait waitError
	switch {
	case err == nil:
		p.count.oblivious.Add(1)
		return ohttp.Response{Status: http.StatusNoContent}
	case errors.As(err, &wait):
		return ohttp.Response{Status: http.StatusTooManyRequests, RetryAfter: int(wait)}
	}
	p.count.refused.Add(1)
	return ohttp.Response{Status: http.StatusNotFound}
}

// putSingle takes a message that brings its own proof. The work is the same
// whether the queue exists or not, as with PROVE.
func (p *Part) putSingle(ctx context.Context, content []byte) error {
	m, err := mailbox.ParseSinglePut(content)
	if err != nil || !mailbox.IsBody(len(m.Body)) || m.Days > maxDays {
		return errNo
	}
	q, found := p.o.Store.BySender(ctx, queue.ID(m.Sender))
	verified := m.Verify(p.id)
	p.count.proofs.Add(1)
	right := subtle.ConstantTimeCompare(m.Key[:], q.SenderKey[:]) == 1
	switch {
	case found != nil && !errors.Is(found, queue.ErrAbsent):
		return found
	case found != nil || !verified || !right:
		return errNo
	}
	if err := p.mayPut(queue.ID(m.Sender)); err != nil {
		return err
	}
	done := make(chan error, 1)
	job := putJob{
		Put: queue.Put{
			Sender: queue.ID(m.Sender), ID: queue.MessageID(m.ID), Body: m.Body, Expires: expiry(time.Now(), m.Days, q.Days),
		},
		then: func(t queue.Taken, body []byte) {
			done <- t.Err
			p.arrived(t, queue.MessageID(m.ID), body)
		},
	}
	select {
	case p.work.door(job) <- job:
	case <-ctx.Done():
		return waitError(failWait)
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return waitError(failWait)
	}
}
