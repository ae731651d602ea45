package app

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// maxType is how long a media type may be.
const maxType = 255

// incoming is a document on its way in, with the headers that say what it is.
func (c *call) incoming(at place) (sharing.Put, error) {
	labels, err := readLabels(c.r.Header.Values("Kith-Labels"))
	if err != nil {
		return sharing.Put{}, err
	}
	mediaType := c.r.Header.Get("Content-Type")
	if len(mediaType) > maxType {
		return sharing.Put{}, invalid("a media type of %d octets is longer than %d", len(mediaType), maxType)
	}
	if c.r.ContentLength > c.h.o.MaxDocument {
		return sharing.Put{}, fault.New(fault.TooLarge, "a document of %d octets is larger than %d", c.r.ContentLength, c.h.o.MaxDocument).
			WithHint("cut it into several")
	}
	return sharing.Put{
		Path: at.path, App: at.app, Type: mediaType, Labels: labels,
		IfMatch: c.r.Header.Get("If-Match"), IfNoneMatch: c.r.Header.Get("If-None-Match"),
		Body: &failing{r: http.MaxBytesReader(c.w, c.r.Body, c.h.o.MaxDocument)}, Size: c.r.ContentLength,
	}, nil
}

// failing remembers why a body could not be read, to tell that from a failure to
// store it.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// failure is why a write was not done: its body did not come, or what err says.
func (c *call) failure(path string, body io.Reader, err error) error {
	if f, ok := body.(*failing); ok && f.err != nil {
		return bodyError(f.err, "the document did not come to its end: %w")
	}
	return c.about(path, err)
}

func (c *call) put(path string, at place) error {
	if !at.writable() {
		return readOnly(path)
	}
	p, err := c.incoming(at)
	if err != nil {
		return err
	}
	if ranges := c.r.Header.Get("Content-Range"); ranges != "" {
		return c.putPart(path, p, ranges)
	}
	before, err := c.exists(p)
	if err != nil {
		return c.about(path, err)
	}
	d, err := c.h.o.Sharing.Put(c.r.Context(), p)
	if err != nil {
		return c.failure(path, p.Body, err)
	}
	c.stored(d, before)
	return nil
}

// exists reports whether there is a document in the place of one that comes.
func (c *call) exists(p sharing.Put) (bool, error) {
	_, err := c.h.o.Sharing.Document(c.r.Context(), p.App, p.Path)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

// stored answers for a document that was written.
func (c *call) stored(d sharing.Document, before bool) {
	c.w.Header().Set("ETag", d.ETag)
	status := http.StatusCreated
	if before {
		status = http.StatusNoContent
	}
	c.empty(status)
}

func (c *call) empty(status int) {
	c.w.Header().Set("Cache-Control", "no-store")
	if status != http.StatusNoContent {
		c.w.Header().Set("Content-Length", "0")
	}
	c.w.WriteHeader(status)
}

func (c *call) putPart(path string, p sharing.Put, header string) error {
	part, ok := parseContentRange(header)
	if !ok || part.Total < 0 || !part.Asks && c.r.ContentLength >= 0 && c.r.ContentLength != part.Length {
		return invalid("%.80q is no part of a document, or not of this length", header)
	}
	if part.Total > c.h.o.MaxDocument {
		return fault.New(fault.TooLarge, "a document of %d octets is larger than %d", part.Total, c.h.o.MaxDocument).WithHint("cut it into several")
	}
	if part.Asks {
		return c.progress(p, part.Total)
	}
	before, err := c.exists(p)
	if err != nil {
		return c.about(path, err)
	}
	if p.IfMatch != "" {
		if err := c.checkSize(path, p, part.Total); err != nil {
			return err
		}
	}
	made, err := c.h.o.Sharing.PutPart(c.r.Context(), p, sharing.Part{From: part.From, Length: part.Length, Total: part.Total})
	switch {
	case err != nil:
		return c.partFailed(path, p, made, part, err)
	case made.Whole:
		c.stored(made.Document, before)
	default:
		c.accepted(made.Have)
	}
	return nil
}

// checkSize refuses to overwrite octets of a document of another size.
func (c *call) checkSize(path string, p sharing.Put, total int64) error {
	d, err := c.h.o.Sharing.Document(c.r.Context(), p.App, p.Path)
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound, err == nil && !lists(p.IfMatch, d.ETag, true):
		return lost(path)
	case err != nil:
		return c.about(path, err)
	case d.Size != total:
		return unsatisfiable(c.w, path, d.Size)
	}
	return nil
}

// partFailed tells a gap from a condition that is not met.
func (c *call) partFailed(path string, p sharing.Put, made sharing.Parts, part contentRange, err error) error {
	if fault.KindOf(err) == fault.Conflict && p.IfMatch == "" && part.From > made.Have {
		c.setRange(made.Have)
		return told(http.StatusConflict, "gap", fault.New(fault.Conflict, "octets before %d of %.200q are missing", part.From, path).
			WithHint("go on behind what Range says"))
	}
	return c.failure(path, p.Body, err)
}

// progress says how far a document in parts is.
func (c *call) progress(p sharing.Put, total int64) error {
	made, err := c.h.o.Sharing.Draft(c.r.Context(), p.App, p.Path)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return c.about(p.Path, err)
	}
	if err != nil || made.Total != total {
		made.Have = 0
	}
	c.accepted(made.Have)
	return nil
}

func (c *call) accepted(have int64) {
	c.setRange(have)
	c.empty(http.StatusAccepted)
}

func (c *call) setRange(have int64) {
	if have > 0 {
		c.w.Header().Set("Range", "bytes=0-"+strconv.FormatInt(have-1, 10))
	}
}

func (c *call) post(folder string, at place) error {
	if !at.writable() {
		return readOnly(folder)
	}
	p, err := c.incoming(at)
	if err != nil {
		return err
	}
	name := c.h.names.next()
	p.Path, p.IfMatch, p.IfNoneMatch = at.path+name, "", "*"
	d, err := c.h.o.Sharing.Put(c.r.Context(), p)
	if err != nil {
		return c.failure(folder, p.Body, err)
	}
	c.w.Header().Set("Location", prefix+"data/"+escapePath(folder+name))
	c.stored(d, false)
	return nil
}

func (c *call) delete(path string, at place) error {
	if !at.writable() {
		return readOnly(path)
	}
	if _, err := c.h.o.Sharing.DeleteIf(c.r.Context(), at.app, at.path, c.r.Header.Get("If-Match")); err != nil {
		return c.about(path, err)
	}
	c.empty(http.StatusNoContent)
	return nil
}
