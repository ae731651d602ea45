package front

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// agent is how a front names itself in requests of its own, and in robots.txt.
const agent = "kith-front"

// transport returns the way to the origin server, past every proxy.
func (f *Front) transport() *http.Transport {
	dialer := net.Dialer{Timeout: f.o.Patience}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        f.o.TLS,
		TLSHandshakeTimeout:    f.o.Patience,
		ResponseHeaderTimeout:  2 * f.o.Patience,
		IdleConnTimeout:        time.Minute,
		MaxIdleConnsPerHost:    32,
		MaxResponseHeaderBytes: 256 << 10,
		ForceAttemptHTTP2:      true,
	}
}

// ask sends a GET request to the origin server. The answer's body must be closed.
func (f *Front) ask(ctx context.Context, path string, header map[string]string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.origin.String()+path, nil)
	if err != nil || r.URL.Host != f.origin.Host {
		return nil, fault.New(fault.Invalid, "%.200q is no path of %s", path, f.origin)
	}
	r.Header.Set("User-Agent", agent)
	scheme, host, _ := strings.Cut(f.o.Site, "://")
	r.Header.Set("X-Forwarded-Proto", scheme)
	r.Header.Set("X-Forwarded-Host", host)
	for name, value := range header {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	response, err := f.client.Do(r)
	if err != nil {
		return nil, fault.New(fault.Unreachable, "the website %s does not answer: %w", f.origin, err)
	}
	return response, nil
}

// piece returns piece k of file, from the cache or the origin server.
func (f *Front) piece(ctx context.Context, file *File, k int) ([]byte, error) {
	h := hash(file.Hashes[k])
	if data, ok := f.cache.get(h); ok {
		return data, nil
	}
	key := hex.EncodeToString(h[:])
	answer := f.asks.DoChan(key, func() (any, error) {
		// Whoever asked first may go; the others still wait.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.o.Patience)
		defer cancel()
		return f.askPiece(ctx, file, k)
	})
	select {
	case r := <-answer:
		data, _ := r.Val.([]byte)
		return data, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *Front) askPiece(ctx context.Context, file *File, k int) ([]byte, error) {
	from := int64(k) * PieceLength
	to := min(from+PieceLength, file.Size)
	r, err := f.ask(ctx, file.Path, map[string]string{
		"Range": fmt.Sprintf("bytes=%d-%d", from, to-1), "Accept-Encoding": "identity",
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Body.Close() }()
	encoding := r.Header.Get("Content-Encoding")
	skip := from
	switch {
	case encoding != "" && encoding != "identity":
		return nil, f.moved(file)
	case r.StatusCode == http.StatusOK:
	case r.StatusCode == http.StatusPartialContent && rangeBegins(r.Header.Get("Content-Range"), from):
		skip = 0
	case r.StatusCode >= 500, r.StatusCode == http.StatusTooManyRequests:
		return nil, fault.New(fault.Unreachable, "the website %s answers %d", f.origin, r.StatusCode)
	default:
		return nil, f.moved(file)
	}
	if _, err := io.CopyN(io.Discard, r.Body, skip); err != nil {
		return nil, f.moved(file)
	}
	data := make([]byte, to-from)
	if _, err := io.ReadFull(r.Body, data); err != nil {
		return nil, f.moved(file)
	}
	if sum := sha256.Sum256(data); !bytes.Equal(sum[:], file.Hashes[k]) {
		return nil, f.moved(file)
	}
	if err := f.cache.put(hash(file.Hashes[k]), data); err != nil {
		f.o.Log.Warn("a piece cannot be kept", "error", err)
	}
	return data, nil
}

// moved is the error for a file that is no longer what a manifest says. It is
// looked at again soon.
func (f *Front) moved(file *File) error {
	if e := f.book.get(file.Path); e != nil && e.same(&entry{File: *file}) {
		f.book.refresh(e, time.Time{})
	}
	return fault.New(fault.NotFound, "the website has another version of %.200q now", file.Path)
}

// rangeBegins reports whether a Content-Range begins at from.
func rangeBegins(value string, from int64) bool {
	text, ok := strings.CutPrefix(value, "bytes ")
	first, _, _ := strings.Cut(text, "-")
	n, err := strconv.ParseInt(first, 10, 64)
	return ok && err == nil && n == from
}

// renew asks the origin server for path again, or for the first time, and returns
// what is known of it then; nil when it is not for a manifest. The error says that
// the server does not answer.
func (f *Front) renew(ctx context.Context, path string) (*entry, error) {
	answer := f.renews.DoChan(path, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.o.Patience)
		defer cancel()
		return f.fetch(ctx, path)
	})
	select {
	case r := <-answer:
		e, _ := r.Val.(*entry)
		return e, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *Front) fetch(ctx context.Context, path string) (*entry, error) {
	known := f.book.get(path)
	var ask map[string]string
	if known != nil {
		ask = map[string]string{"If-None-Match": known.ETag}
		if known.ETag == "" {
			ask = map[string]string{"If-Modified-Since": known.Modified}
		}
	}
	r, err := f.ask(ctx, path, ask)
	if err == nil {
		defer func() { _ = r.Body.Close() }()
		if r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests {
			err = fault.New(fault.Unreachable, "the website %s answers %d", f.origin, r.StatusCode)
		}
	}
	if err != nil {
		if known != nil { // it stays, and is asked for again in a while
			f.book.refresh(known, f.now().Add(f.o.Patience))
		}
		return nil, err
	}
	if known != nil && r.StatusCode == http.StatusNotModified {
		for _, name := range []string{"Cache-Control", "Expires"} { // RFC 9111 §3.2
			if v := known.Headers[strings.ToLower(name)]; v != "" && r.Header.Get(name) == "" {
				r.Header.Set(name, v)
			}
		}
		r.Header.Del("Content-Encoding")
		if fresh, ok := f.o.public(r.Header, f.now()); ok {
			return f.book.refresh(known, f.now().Add(fresh)), nil
		}
		f.book.remove(known, f.now())
		f.wake()
		return nil, nil
	}
	return f.receive(path, known, r)
}

// receive takes in an answer to fetch.
func (f *Front) receive(path string, known *entry, r *http.Response) (*entry, error) {
	var t *taker
	if r.StatusCode == http.StatusOK {
		t = f.take(path, r.Header)
	}
	kind := scanned(path, r.Header.Get("Content-Type"))
	var page bytes.Buffer
	if t != nil {
		if kind != "" {
			t.copy = &page
		}
		if _, err := io.Copy(t, io.LimitReader(r.Body, f.o.MaxFile+1)); err != nil {
			return nil, fault.New(fault.Unreachable, "the website %s breaks off in %.200q: %w", f.origin, path, err)
		}
		t.done()
	}
	if known != nil && (t == nil || t.failed) {
		f.book.remove(known, f.now())
		f.wake()
	}
	if t == nil && kind != "" && r.StatusCode == http.StatusOK {
		_, _ = io.CopyN(&page, r.Body, maxScan)
	}
	f.follow(path, kind, r, page.Bytes())
	if e := f.book.get(path); t != nil && !t.failed && e != nil {
		return e, nil
	}
	return nil, nil
}
