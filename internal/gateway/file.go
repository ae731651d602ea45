package gateway

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// smallFile is up to which size a file is read before it is answered with, so
// that it leaves in one piece with its headers. Larger ones go from the file to
// the connection by the kernel's own copy.
const smallFile = 32 << 10

// serveFile answers with a file, at its pace. An error means that nothing was
// sent yet; once the first bytes are here, a failure cuts the connection, so that
// nobody takes a part for the whole.
func (x *exchange) serveFile(f *found, p *pace) error {
	h := x.w.Header()
	v := x.validate(f, h)
	spans := []span(nil)
	if f.status == http.StatusOK {
		switch v.precondition(x.r) {
		case notModified:
			x.send(http.StatusNotModified)
			return nil
		case failed:
			x.failWith(http.StatusPreconditionFailed, fault.New(fault.Conflict, "the file is another version"))
			return nil
		}
		h["Accept-Ranges"] = x.g.fixed.bytes
		var err error
		if spans, err = x.spans(f, v); err != nil {
			h["Content-Range"] = []string{"bytes */" + strconv.FormatInt(f.info.Size(), 10)}
			x.failWith(http.StatusRequestedRangeNotSatisfiable, fault.New(fault.Invalid, "%w", err).WithHint(rangeHint))
			return nil
		}
	}
	buffer, _ := x.g.buffers.Get().(*[]byte)
	defer x.g.buffers.Put(buffer)
	head, err := x.head(f, spans, *buffer)
	if err != nil {
		return err
	}
	p.begin()
	h["Content-Type"] = []string{contentType(f.name, head)}
	switch len(spans) {
	case 0:
		x.serveWhole(f, head, p)
	case 1:
		x.serveSpan(f, spans[0], p)
	default:
		x.serveSpans(f, spans, p)
	}
	return nil
}

// validate sets the headers that caches go by.
func (x *exchange) validate(f *found, h http.Header) validators {
	if f.status != http.StatusOK {
		h["Cache-Control"] = x.g.fixed.revalidate
		return validators{}
	}
	h["Cache-Control"] = x.g.fixed.revalidate
	if x.p.address.Immutable() && !isWorker(x.r) && !x.policy().App {
		h["Cache-Control"] = x.g.fixed.immutable
	}
	v := validators{etag: x.etag(f), modified: f.info.ModTime()}
	if v.modified.Equal(time.Unix(0, 0)) {
		v.modified = time.Time{} // a time nobody set
	}
	h["Etag"] = []string{v.etag}
	if !v.modified.IsZero() {
		h["Last-Modified"] = []string{v.modified.UTC().Format(http.TimeFormat)}
	}
	return v
}

// etag is strong: it is made of the content's identity, or else of the
// immutable address and the path.
func (x *exchange) etag(f *found) string {
	if i, ok := f.info.(engine.Identity); ok {
		if id := i.ContentID(); id != "" {
			return x.tag(`"` + id + `"`)
		}
	}
	sum := sha256.Sum256([]byte(contentKey(x.handle.Target()) + "\x00" + f.name))
	return x.tag(`"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`)
}

// spans are the parts of a file that the request asks for.
func (x *exchange) spans(f *found, v validators) ([]span, error) {
	s := header(x.r, "Range")
	if s == "" || !v.rangeHolds(x.r) {
		return nil, nil
	}
	return wanted(s, f.info.Size(), x.g.o.MaxRanges)
}

// head reads what has to be known before the status is: the whole of a small
// file, else enough to tell the type and that a peer delivers.
func (x *exchange) head(f *found, spans []span, buffer []byte) ([]byte, error) {
	size := f.info.Size()
	typed := !needsHead(f.name)
	if x.r.Method == http.MethodHead && typed {
		return nil, nil
	}
	if size <= smallFile && len(spans) == 0 {
		n, err := io.ReadFull(f.file, buffer[:size])
		return buffer[:n], err
	}
	head := buffer[:min(sniffLen, size)]
	if typed {
		head = head[:min(1, size)]
	}
	if err := readAt(f.file, head, 0, len(spans) == 0 || !typed); err != nil {
		return nil, err
	}
	if len(spans) > 0 {
		var one [1]byte
		if err := readAt(f.file, one[:], spans[0].start, true); err != nil {
			return nil, err
		}
	}
	return head, nil
}

// readAt fills p, if it is asked to.
func readAt(f io.ReaderAt, p []byte, offset int64, ask bool) error {
	if !ask || len(p) == 0 {
		return nil
	}
	n, err := f.ReadAt(p, offset)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// serveWhole sends all of a file; a small one is in head already.
func (x *exchange) serveWhole(f *found, head []byte, p *pace) {
	size := f.info.Size()
	x.w.Header()["Content-Length"] = []string{strconv.FormatInt(size, 10)}
	x.send(f.status)
	if x.r.Method == http.MethodHead {
		return
	}
	if int64(len(head)) == size {
		_, _ = x.w.Write(head)
		return
	}
	n, err := f.file.WriteTo(p)
	x.ended(f, n, size, err)
}

// serveSpan sends one part of a file.
func (x *exchange) serveSpan(f *found, s span, p *pace) {
	h := x.w.Header()
	h["Content-Range"] = []string{s.contentRange(f.info.Size())}
	h["Content-Length"] = []string{strconv.FormatInt(s.length, 10)}
	x.send(http.StatusPartialContent)
	if x.r.Method == http.MethodHead {
		return
	}
	n, err := writeSpan(p, f.file, s, f.info)
	x.ended(f, n, s.length, err)
}

// ended cuts the connection when less was sent than announced, which is the
// only way left to say so.
func (x *exchange) ended(f *found, sent, announced int64, err error) {
	if sent == announced && err == nil {
		return
	}
	if x.r.Context().Err() == nil {
		x.g.o.Log.Debug("response cut short", "site", x.p.label, "file", f.name, "sent", sent, "of", announced, "error", err)
	}
	panic(http.ErrAbortHandler)
}

// writeSpan sends one part of a file to w.
func writeSpan(w io.Writer, f engine.File, s span, info fs.FileInfo) (int64, error) {
	if _, err := f.Seek(s.start, io.SeekStart); err != nil {
		return 0, err
	}
	if s.start+s.length == info.Size() {
		return f.WriteTo(w)
	}
	l := &limit{w: w, left: s.length}
	_, err := f.WriteTo(l)
	if l.left == 0 {
		err = nil
	}
	return s.length - l.left, err
}
