package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/mailbox"
)

// ErrAbsent is the error for a chunk that is not there, or not any more.
var ErrAbsent = errors.New("the relay has no such chunk")

// Chunks puts and gets what is larger than a message (spec §3).
type Chunks struct {
	relay string
	web   *http.Client
	o     Options
}

// NewChunks talks to the relay at a URL such as wss://relay.example.
func NewChunks(relay string, o Options) (*Chunks, error) {
	if err := CheckURL(relay); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	return &Chunks{relay: relay, web: o.web(), o: o}, nil
}

// Close drops connections that are kept.
func (c *Chunks) Close() { c.web.CloseIdleConnections() }

// Upload puts a chunk there, of one of the spec's sizes. Whoever has eraseKey can
// erase it. Uploading the same again is harmless.
func (c *Chunks) Upload(ctx context.Context, ticket []byte, id mailbox.ID, eraseKey [32]byte, body []byte) error {
	r, err := c.request(ctx, http.MethodPut, id, bytes.NewReader(body))
	if err != nil {
		return err
	}
	erase := mailbox.EraseHash(eraseKey)
	r.Header.Set(mailbox.TicketHeader, mailbox.Encode(ticket))
	r.Header.Set(mailbox.EraseHeader, mailbox.Encode(erase[:]))
	resp, err := c.web.Do(r)
	if err != nil {
		return fmt.Errorf("put a chunk: %w", err)
	}
	return c.end(resp, http.StatusCreated, http.StatusOK)
}

// Download appends a chunk to w from offset on, and returns how much it wrote:
// after a failure, go on from there.
func (c *Chunks) Download(ctx context.Context, id mailbox.ID, offset int64, w io.Writer) (int64, error) {
	r, err := c.request(ctx, http.MethodGet, id, nil)
	if err != nil {
		return 0, err
	}
	want := http.StatusOK
	if offset > 0 {
		r.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
		want = http.StatusPartialContent
	}
	resp, err := c.web.Do(r)
	if err != nil {
		return 0, fmt.Errorf("get a chunk: %w", err)
	}
	if resp.StatusCode != want {
		return 0, c.end(resp, want)
	}
	most := mailbox.ChunkSize(4) - offset
	n, err := io.Copy(w, io.LimitReader(resp.Body, most))
	if err != nil {
		err = fmt.Errorf("get a chunk: %w", err)
	}
	return n, errors.Join(err, resp.Body.Close())
}

// Erase removes a chunk.
func (c *Chunks) Erase(ctx context.Context, id mailbox.ID, eraseKey [32]byte) error {
	r, err := c.request(ctx, http.MethodDelete, id, nil)
	if err != nil {
		return err
	}
	r.Header.Set(mailbox.EraseKeyHeader, mailbox.Encode(eraseKey[:]))
	resp, err := c.web.Do(r)
	if err != nil {
		return fmt.Errorf("erase a chunk: %w", err)
	}
	return c.end(resp, http.StatusNoContent)
}

func (c *Chunks) request(ctx context.Context, method string, id mailbox.ID, body io.Reader) (*http.Request, error) {
	at, err := target(c.relay, "http", mailbox.ChunkPath+id.String())
	if err != nil {
		return nil, err
	}
	return http.NewRequestWithContext(ctx, method, at, body)
}

// end closes an answer and says what its status means.
func (c *Chunks) end(resp *http.Response, good ...int) error {
	if err := resp.Body.Close(); err != nil {
		c.o.Log.Debug("cannot close an answer", "error", err)
	}
	for _, g := range good {
		if resp.StatusCode == g {
			return nil
		}
	}
	return statusError(resp)
}

// statusError is what a status that is not a success means.
func statusError(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		return ErrAbsent
	case http.StatusForbidden:
		return ErrNo
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInsufficientStorage:
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil || seconds < 1 || seconds > 3600 {
			seconds = 60
		}
		return &WaitError{Seconds: seconds}
	}
	return fault.New(fault.Unreachable, "the relay answers %s", resp.Status)
}
