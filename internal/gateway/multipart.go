package gateway

import (
	"crypto/rand"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
)

// serveSpans sends several parts of a file (RFC 9110 §14.6).
func (x *exchange) serveSpans(f *found, spans []span, p *pace) {
	h := x.w.Header()
	kind, boundary, size := h["Content-Type"][0], rand.Text(), f.info.Size()
	h["Content-Type"] = []string{"multipart/byteranges; boundary=" + boundary}
	total := multipartLength(spans, kind, boundary, size)
	h["Content-Length"] = []string{strconv.FormatInt(total, 10)}
	x.send(http.StatusPartialContent)
	if x.r.Method == http.MethodHead {
		return
	}
	out := &counter{w: p}
	err := writeParts(out, spans, kind, boundary, size, func(w io.Writer, s span) error {
		n, err := writeSpan(w, f.file, s, f.info)
		if err == nil && n < s.length {
			err = io.ErrUnexpectedEOF
		}
		return err
	})
	x.ended(f, out.n, total, err)
}

// writeParts writes the parts with their headers; content writes one part's
// bytes.
func writeParts(
	w io.Writer, spans []span, kind, boundary string, size int64, content func(io.Writer, span) error,
) error {
	m := multipart.NewWriter(w)
	if err := m.SetBoundary(boundary); err != nil {
		return err
	}
	for _, s := range spans {
		part, err := m.CreatePart(textproto.MIMEHeader{
			"Content-Type": {kind}, "Content-Range": {s.contentRange(size)},
		})
		if err != nil {
			return err
		}
		if err := content(part, s); err != nil {
			return err
		}
	}
	return m.Close()
}

// multipartLength is how long the parts are with everything around them.
func multipartLength(spans []span, kind, boundary string, size int64) int64 {
	out := &counter{w: io.Discard}
	_ = writeParts(out, spans, kind, boundary, size, func(_ io.Writer, s span) error {
		out.n += s.length
		return nil
	})
	return out.n
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
