package library

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// The names of headers that mean something (spec §5.3).
const (
	headETag     = "etag"
	headLease    = "kith-lease"
	headIfMatch  = "if-match"
	headIfNone   = "if-none-match"
	headRange    = "range"
	headCache    = "cache-control"
	headType     = "content-type"
	headLength   = "content-length"
	headContent  = "content-range"
	headModified = "last-modified"
)

const (
	appPrefix = ".app/"
	ownPrefix = "/.own/"
)

// PublicPath is where friends find a document, or a folder: an app's are below
// .app/<app>/.
func PublicPath(app, path string) string { return publicPath(app, path) }

// SplitPath is the reverse of PublicPath. What is no path of an app is one of the
// person's own files.
func SplitPath(public string) (app, path string) {
	if app, path = splitPath(public); app == nobodys {
		return "", public
	}
	return app, path
}

func publicPath(app, path string) string {
	if app == "" {
		return path
	}
	return appPrefix + app + "/" + path
}

// nobodys is no app's name.
const nobodys = "\x00"

// splitPath is the reverse; what is no path names nothing.
func splitPath(public string) (app, path string) {
	rest, ok := strings.CutPrefix(public, appPrefix)
	if !ok {
		return "", public
	}
	if app, path, ok = strings.Cut(rest, "/"); app == "" || !ok {
		return nobodys, path
	}
	return app, path
}

// Answer answers a request of a friend, or of an own device. What the asker may
// not see and what does not exist get the same octets by the same work. An error
// is a failure of this device, which another may not have.
func (l *Library) Answer(ctx context.Context, from seal.RelationID, kind seal.Kind, r seal.Request) (*seal.Reply, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.Method != "GET" && r.Method != "HEAD" {
		return &seal.Reply{Status: 405, Header: map[string]string{"allow": "GET, HEAD"}}, nil
	}
	u, err := url.ParseRequestURI(r.Path)
	if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/") || len(r.Path) > 8*maxPath {
		return &seal.Reply{Status: 400}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var reply *seal.Reply
	switch {
	case kind == seal.OwnDevice && strings.HasPrefix(u.Path, ownPrefix):
		reply, err = l.answerOwn(from, strings.TrimPrefix(u.Path, ownPrefix), r)
	case strings.HasSuffix(u.Path, "/"):
		reply, err = l.answerFolder(from, u.Path[1:], u.Query(), r)
	default:
		reply, err = l.answerDocument(from, u.Path[1:], r)
	}
	if err == nil && r.Method == "HEAD" && reply.Body != nil {
		err, reply.Body = reply.Body.Close(), nil
	}
	return reply, err
}

// absent is the one answer to what is not there and to what is not for the asker.
func absent() *seal.Reply {
	return &seal.Reply{Status: 404, Header: map[string]string{headCache: "no-store"}}
}

// answerDocument answers for one document.
func (l *Library) answerDocument(from seal.RelationID, public string, r seal.Request) (*seal.Reply, error) {
	friend, known := l.circle.friends[from]
	app, path := splitPath(public)
	e := l.index.find(app, path)
	probe := e
	if probe == nil {
		probe = l.none
	}
	sees := known && probe.app != personApp && l.visible(friend, probe.aud) && !l.doubtful(probe)
	buried := l.buried[from][public] > 0
	if e == nil || !sees {
		if known && !friend.Blocked && buried {
			return &seal.Reply{Status: 410, Header: map[string]string{headCache: "no-store"}}, nil
		}
		return absent(), nil
	}
	tag := etag(e.handle, e.rev, from)
	head := map[string]string{
		headETag: tag, headCache: "private, max-age=" + seconds(l.o.MaxAge), headLease: seconds(l.o.Lease),
		headModified: httpDate(e.modified),
	}
	if n := r.Header[headIfMatch]; n != "" && !matches(n, tag) {
		return &seal.Reply{Status: 412, Header: head}, nil
	}
	if n := r.Header[headIfNone]; n != "" && matches(n, tag) {
		return &seal.Reply{Status: 304, Header: head}, nil
	}
	head[headType] = e.ctype
	if !e.here {
		// Another device has it; this one must not answer for it.
		return nil, fault.New(fault.Unreachable, "the body is not on this device")
	}
	reply, err := l.part(e, head, r)
	if err != nil || reply.Status >= 300 || r.Method == "HEAD" {
		return reply, err
	}
	if err := l.noteSent(e, from); err != nil {
		return nil, closing(reply, err)
	}
	return reply, nil
}

func closing(r *seal.Reply, err error) error {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return err
}

// part opens the body, or the range of it that was asked for.
func (l *Library) part(e *entry, head map[string]string, r seal.Request) (*seal.Reply, error) {
	status, from, to := 200, int64(0), e.size
	if spec := r.Header[headRange]; spec != "" {
		a, b, ok, valid := parseRange(spec, e.size)
		switch {
		case ok:
			status, from, to = 206, a, b
		case valid:
			head[headContent] = "bytes */" + strconv.FormatInt(e.size, 10)
			return &seal.Reply{Status: 416, Header: head}, nil
		}
	}
	if r.Most > 0 && to-from > r.Most && r.Method == "GET" {
		status, to = 206, from+r.Most
	}
	if status == 206 {
		head[headContent] = "bytes " + strconv.FormatInt(from, 10) + "-" + strconv.FormatInt(to-1, 10) + "/" + strconv.FormatInt(e.size, 10)
	}
	head[headLength] = strconv.FormatInt(to-from, 10)
	b, err := l.openBody(e)
	if err != nil {
		return nil, err
	}
	if _, err := b.Seek(from, io.SeekStart); err != nil {
		return nil, closing(&seal.Reply{Body: b}, err)
	}
	return &seal.Reply{Status: status, Header: head, Body: section{io.LimitReader(b, to-from), b}, Size: to - from}, nil
}

type section struct {
	io.Reader
	io.Closer
}

// parseRange reads one range of octets (RFC 9110 §14.1.2). A range that cannot be
// satisfied is valid and not ok; what is no single range is neither, and ignored.
func parseRange(spec string, size int64) (from, to int64, ok, valid bool) {
	set, found := strings.CutPrefix(spec, "bytes=")
	first, last, dash := strings.Cut(set, "-")
	if !found || !dash || strings.Contains(set, ",") {
		return 0, 0, false, false
	}
	if first == "" {
		n, err := digits(last)
		if err != nil {
			return 0, 0, false, false
		}
		return max(0, size-n), size, n > 0 && size > 0, true
	}
	from, err := digits(first)
	if err != nil {
		return 0, 0, false, false
	}
	to = size
	if last != "" {
		n, err := digits(last)
		if err != nil || n < from {
			return 0, 0, false, false
		}
		to = min(size, n+1)
	}
	return from, to, from < size, true
}

func digits(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 62)
	return int64(n), err
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

func httpDate(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
}

// etag names a revision to one friend: the same by whichever device answers, and
// another for every friend, so that two who compare find nothing equal.
func etag(h Handle, rev Revision, friend seal.RelationID) string {
	return `"` + string(appendTag(nil, h, rev, friend)) + `"`
}

func appendTag(out []byte, h Handle, rev Revision, friend seal.RelationID) []byte {
	buf := make([]byte, 0, 55) // one block of SHA-256
	buf = append(buf, "kith et"...)
	buf = append(append(append(buf, h[:]...), rev[:]...), friend[:]...)
	sum := sha256.Sum256(buf)
	return base64.RawURLEncoding.AppendEncode(out, sum[:12])
}

// noteSent keeps, durably and before anything leaves, that a friend was sent
// something of an item.
func (l *Library) noteSent(e *entry, to seal.RelationID) error {
	if slices.Contains(e.sent, to) {
		return nil
	}
	sent := append(slices.Clone(e.sent), to)
	note, err := seal.Marshal(sent)
	if err != nil {
		return err
	}
	b := l.begin()
	b.Note(e.slot, note)
	if err := b.Commit(); err != nil {
		return err
	}
	e.sent = sent
	return nil
}

// answerOwn gives another own device the body of an item.
func (l *Library) answerOwn(from seal.RelationID, name string, r seal.Request) (*seal.Reply, error) {
	if _, ok := l.circle.devices[from]; !ok {
		return absent(), nil
	}
	h, ok := parseHandle(name)
	e := l.index.byHandle[h]
	if !ok || e == nil || l.doubtful(e) {
		return absent(), nil
	}
	tag := Item{Revision: e.rev}.Tag()
	head := map[string]string{headETag: tag}
	if n := r.Header[headIfMatch]; n != "" && !matches(n, tag) {
		return &seal.Reply{Status: 412, Header: head}, nil
	}
	if !e.here {
		return absent(), nil
	}
	return l.part(e, head, r)
}

func reader(b []byte) io.ReadCloser { return small{bytes.NewReader(b)} }
