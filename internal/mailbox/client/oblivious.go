package client

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/ohttp"
)

// Oblivious sends messages to one relay through another, so that neither learns
// both who sends and into which queue (spec §4).
type Oblivious struct {
	through, to string
	relay       mailbox.Key
	web         *http.Client
	o           Options

	mu   sync.Mutex
	keys []byte
}

// NewOblivious sends to the relay at URL to, whose id is relay, through the one
// at URL through. The id must come from who made the queue: it is what keeps the
// relay in between from putting its own keys in place.
func NewOblivious(through, to string, relay mailbox.Key, o Options) (*Oblivious, error) {
	if err := errors.Join(CheckURL(through), CheckURL(to)); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	return &Oblivious{through: through, to: to, relay: relay, web: o.web(), o: o}, nil
}

// Close drops connections that are kept.
func (b *Oblivious) Close() { b.web.CloseIdleConnections() }

// Put sends a message; when it returns nil the relay keeps it durably.
func (b *Oblivious) Put(ctx context.Context, to Sender, id mailbox.MessageID, days uint8, body []byte) error {
	ctx, stop := context.WithTimeout(ctx, b.o.Timeout)
	defer stop()
	put := mailbox.NewSinglePut(b.relay, to.ID, to.Key, id, days, body)
	inner := ohttp.Request{Method: http.MethodPost, Scheme: "https", Authority: "relay", Path: mailbox.PutPath, Content: put.Append(nil)}
	data, known, err := b.ask(ctx, inner.Marshal())
	if errors.Is(err, errUnopened) && known { // keys are replaced now and then
		data, _, err = b.ask(ctx, inner.Marshal())
	}
	if err != nil {
		return err
	}
	r, err := ohttp.ParseResponse(data)
	if err != nil {
		return err
	}
	switch r.Status {
	case http.StatusNoContent:
		return nil
	case http.StatusNotFound:
		return ErrNo
	case http.StatusTooManyRequests:
		return &WaitError{Seconds: max(r.RetryAfter, 1)}
	}
	return fault.New(fault.Unreachable, "the relay answers with status %d", r.Status)
}

// errUnopened is the answer of a relay that cannot open a request.
var errUnopened = fault.New(fault.Unreachable, "the relay cannot open what was sealed for it")

// ask sends a sealed request and returns what was answered, and whether the keys
// were known before.
func (b *Oblivious) ask(ctx context.Context, request []byte) (response []byte, known bool, err error) {
	keys, known, err := b.fetchKeys(ctx)
	if err != nil {
		return nil, known, err
	}
	sealed, answer, err := ohttp.Seal(keys, request)
	if err != nil {
		return nil, known, err
	}
	data, err := b.do(ctx, http.MethodPost, bytes.NewReader(sealed))
	if err != nil {
		b.forget() // the keys may be others now
		return nil, known, err
	}
	response, err = answer.Open(data)
	return response, known, err
}

// fetchKeys asks for the relay's keys once, through the other relay, and says
// whether that was before.
func (b *Oblivious) fetchKeys(ctx context.Context) (keys []byte, known bool, err error) {
	b.mu.Lock()
	keys = b.keys
	b.mu.Unlock()
	if keys != nil {
		return keys, true, nil
	}
	signed, err := b.do(ctx, http.MethodGet, nil)
	if err != nil {
		return nil, false, err
	}
	if len(signed) <= ed25519.SignatureSize {
		return nil, false, ohttp.ErrMalformed
	}
	at := len(signed) - ed25519.SignatureSize
	if !ed25519.Verify(b.relay[:], mailbox.KeysInput(signed[:at]), signed[at:]) {
		return nil, false, ErrOther
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys = signed[:at]
	return b.keys, false, nil
}

func (b *Oblivious) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys = nil
}

// maxAnswer is the most of an answer that is read.
const maxAnswer = 4096

// do asks the relay in between.
func (b *Oblivious) do(ctx context.Context, method string, body io.Reader) ([]byte, error) {
	at, err := target(b.through, "http", mailbox.ForwardPath)
	if err != nil {
		return nil, err
	}
	origin, err := target(b.to, "http", "")
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, at+"?to="+url.QueryEscape(origin), body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", ohttp.RequestType)
	}
	resp, err := b.web.Do(r)
	if err != nil {
		return nil, fmt.Errorf("send through %s: %w", b.through, err)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("send through %s: %w", b.through, err)
	}
	if method == http.MethodPost && resp.StatusCode == http.StatusBadRequest {
		return nil, errUnopened
	}
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(resp)
	}
	if method == http.MethodGet {
		var signature [ed25519.SignatureSize]byte
		if err := mailbox.Decode(resp.Header.Get(mailbox.SignatureHeader), signature[:]); err != nil {
			return nil, fmt.Errorf("%w: no signature of its keys", ErrOther)
		}
		data = append(data, signature[:]...)
	}
	return data, nil
}
