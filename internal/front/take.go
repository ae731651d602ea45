package front

import (
	"bytes"
	"crypto/sha256"
	"net/http"
	"time"
)

// taker takes in the body of an answer.
type taker struct {
	f      *Front
	entry  entry
	piece  []byte
	copy   *bytes.Buffer // nil unless the body is to be looked through
	failed bool
}

// maxScan is the most of a page that is looked through for links.
const maxScan = 2 << 20

// take begins to take in an answer for path; nil when it is not to enter.
func (f *Front) take(path string, h http.Header) *taker {
	fresh, ok := f.o.public(h, f.now())
	if !ok || !f.book.may(path) || !f.book.knows(path) && !explicit(h) {
		return nil
	}
	carried, ok := headers(h)
	kind := h.Get("Content-Type")
	if !ok || !ascii(kind) {
		return nil
	}
	t := &taker{f: f, piece: make([]byte, 0, PieceLength)}
	t.entry = entry{
		File: File{Path: path, Type: kind, Headers: carried, Hashes: [][]byte{}},
		ETag: h.Get("ETag"), Modified: h.Get("Last-Modified"), Fresh: f.now().Add(fresh),
	}
	return t
}

// Write implements io.Writer. It never fails: what cannot be taken in passes by.
func (t *taker) Write(p []byte) (int, error) {
	n := len(p)
	if t.entry.Size += int64(n); t.entry.Size > t.f.o.MaxFile {
		t.failed = true
	}
	if t.copy != nil && t.copy.Len() < maxScan {
		t.copy.Write(p[:min(n, maxScan-t.copy.Len())])
	}
	for len(p) > 0 && !t.failed {
		k := min(len(p), PieceLength-len(t.piece))
		t.piece = append(t.piece, p[:k]...)
		p = p[k:]
		if len(t.piece) == PieceLength {
			t.cut()
		}
	}
	return n, nil
}

// cut ends a piece.
func (t *taker) cut() {
	sum := sha256.Sum256(t.piece)
	t.entry.Hashes = append(t.entry.Hashes, sum[:])
	if err := t.f.cache.put(sum, t.piece); err != nil {
		t.f.o.Log.Warn("a piece cannot be kept", "error", err)
	}
	t.piece = t.piece[:0]
}

// done enters what was taken in; the body was whole.
func (t *taker) done() {
	if t.failed {
		return
	}
	if len(t.piece) > 0 {
		t.cut()
	}
	if err := t.entry.check(PieceLength); err != nil {
		t.f.o.Log.Debug("a file does not enter the manifest", "error", err)
		return
	}
	entered := t.entry
	t.f.book.put(&entered, t.f.now())
	t.f.wake()
}

func (f *Front) now() time.Time { return time.Now() }
