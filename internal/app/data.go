package app

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// data serves /.kith/data/<path>.
func (c *call) data(below string) error {
	path, err := parsePath(below)
	if err != nil {
		return err
	}
	at := c.resolve(path)
	get := func() error { return c.getDocument(path, at) }
	if isFolder(path) {
		get = func() error { return c.getFolder(path, at) }
	}
	methods := map[string]func() error{"GET": get, "DELETE": func() error { return c.delete(path, at) }}
	if isFolder(path) {
		methods["POST"] = func() error { return c.post(path, at) }
	} else {
		methods["PUT"] = func() error { return c.put(path, at) }
		methods["PATCH"] = func() error { return c.patch(path, at) }
	}
	return c.only(methods)
}

// place is what a path of the app stands for.
type place struct {
	friend string // the ID of whose it is; "" for the person's own
	app    string
	path   string
	mount  *Mount // nil for the app's own documents
}

func (p place) writable() bool { return p.mount == nil || p.mount.Writable && p.friend == "" }

// resolve finds the mount that a path is in; the longest one has it.
func (c *call) resolve(path string) place {
	own := place{app: c.grant.App, path: path}
	for i := range c.grant.Mounts {
		m := &c.grant.Mounts[i]
		if own.mount != nil && len(m.At) <= len(own.mount.At) {
			continue
		}
		if path == m.At {
			own = place{friend: m.Friend, app: m.App, path: m.Path, mount: m}
		} else if rest, ok := strings.CutPrefix(path, m.At); ok && isFolder(m.At) {
			own = place{friend: m.Friend, app: m.App, path: m.Path + rest, mount: m}
		}
	}
	return own
}

func (c *call) getDocument(path string, at place) error {
	if at.friend != "" {
		return c.askMounted(path, at)
	}
	d, body, err := c.h.o.Sharing.Open(c.r.Context(), at.app, at.path)
	if err != nil {
		return c.about(path, err)
	}
	defer func() { _ = body.Close() }()
	h := c.w.Header()
	h.Set("Cache-Control", "private, no-cache")
	if len(d.Labels) > 0 {
		h.Set("Kith-Labels", writeLabels(d.Labels))
	}
	return c.serveBody(content{path: path, etag: d.ETag, mediaType: d.Type, size: d.Size, modified: d.Modified, body: body})
}

// about gives an error of internal/sharing the status it has for apps, and takes
// away what it says of other paths.
func (c *call) about(path string, err error) error {
	var p *problem
	switch kind := fault.KindOf(err); {
	case errors.As(err, &p):
		return err
	case errors.Is(err, sharing.ErrGone):
		return told(http.StatusGone, "gone", fault.New(fault.NotFound, "there is no %.200q for you any more", path).WithHint("forget it"))
	case kind == fault.NotFound:
		return missing(path)
	case kind == fault.Conflict:
		return lost(path)
	case kind == fault.Forbidden, kind == fault.NotRunning:
		return told(http.StatusServiceUnavailable, "not-ready", fault.New(fault.NotRunning, "the node cannot do that now: %w", err).WithHint("try again later"))
	}
	return err
}

// content is what a GET is answered with.
type content struct {
	path, etag, mediaType string
	size                  int64
	modified              time.Time
	body                  io.ReadSeeker
}

// serveBody answers with a body, or a part of it (RFC 9110 §13 and §14).
func (c *call) serveBody(x content) error {
	h := c.w.Header()
	if x.etag != "" {
		h.Set("ETag", x.etag)
	}
	if !x.modified.IsZero() {
		h.Set("Last-Modified", x.modified.UTC().Format(http.TimeFormat))
	}
	switch conditions(c.r, x.etag) {
	case http.StatusNotModified:
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	case http.StatusPreconditionFailed:
		return lost(x.path)
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", orOctets(x.mediaType))
	part, status := span{0, x.size}, http.StatusOK
	if s, ok, within := parseRange(rangeHeader(c.r, x.etag), x.size); ok {
		if !within {
			return unsatisfiable(c.w, x.path, x.size)
		}
		part, status = s, http.StatusPartialContent
		h.Set("Content-Range", "bytes "+strconv.FormatInt(s.From, 10)+"-"+strconv.FormatInt(s.From+s.Length-1, 10)+"/"+strconv.FormatInt(x.size, 10))
	}
	if _, err := x.body.Seek(part.From, io.SeekStart); err != nil {
		return err
	}
	h.Set("Content-Length", strconv.FormatInt(part.Length, 10))
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.CopyN(c.w, x.body, part.Length); err != nil {
		c.h.o.Log.Debug("a document was not answered to its end", "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func unsatisfiable(w http.ResponseWriter, path string, size int64) error {
	w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(size, 10))
	return told(http.StatusRequestedRangeNotSatisfiable, "range", fault.New(fault.Invalid, "%.200q has %d octets", path, size))
}

func orOctets(mediaType string) string {
	if mediaType == "" {
		return "application/octet-stream"
	}
	return mediaType
}

// The bounds of labels.
const (
	maxLabels = 16
	maxLabel  = 64
)

// readLabels reads Kith-Labels; nil when there is none.
func readLabels(headers []string) ([]string, error) {
	if headers == nil {
		return nil, nil
	}
	out := []string{}
	for _, header := range headers {
		for l := range strings.SplitSeq(header, ",") {
			l = strings.TrimSpace(l)
			if l == "" {
				continue
			}
			plain, err := url.PathUnescape(l)
			if err != nil || len(plain) > maxLabel || cleanText(plain, maxLabel) != plain {
				return nil, invalid("%.80q is no label", l)
			}
			out = append(out, plain)
		}
	}
	if len(out) > maxLabels {
		return nil, invalid("a document has at most %d labels, not %d", maxLabels, len(out))
	}
	return out, nil
}

func writeLabels(labels []string) string {
	out := make([]string, len(labels))
	for i, l := range labels {
		out[i] = url.PathEscape(l)
	}
	return strings.Join(out, ", ")
}

// bodyError gives a failure to read a request's body its status.
func bodyError(err error, format string) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.New(fault.TooLarge, "the request is larger than %d octets", large.Limit).WithHint("send less")
	}
	return told(http.StatusBadRequest, "invalid", fault.New(fault.Invalid, format, err))
}
