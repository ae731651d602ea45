package host

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kith-web/kith/internal/host/inject"
)

// stepSize is how much of a response a client has to take within
// Options.Stall, so that nobody holds a connection by reading nothing.
const stepSize = 256 << 10

// answer is the ResponseWriter of one request: it sets what every response of
// the host has, puts the loader into pages where that was asked for, counts, and
// cuts clients off that take nothing.
type answer struct {
	http.ResponseWriter
	h     *Host
	r     *http.Request // as it came
	site  *served       // nil before it is found
	count *counters
	bytes *atomic.Int64 // what else counts the body's bytes

	pages  bool // pages among what is answered have two representations
	loader bool // put the loader into a page
	front  bool // a website of its own answers, which may set cookies and is cached as it says
	began  bool
	page   *inject.Writer // nil where the bytes go out as they are
}

var _ io.ReaderFrom = (*answer)(nil)

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// secure sets what every response of every origin has.
func (h *Host) secure(a *answer) {
	head := a.Header()
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	head.Set("Origin-Agent-Cluster", "?1")
	if h.o.HSTS > 0 && h.isSecure(a.r) {
		head.Set("Strict-Transport-Security", "max-age="+strconv.Itoa(int(h.o.HSTS/time.Second)))
	}
}

// WriteHeader sends the status and the headers.
func (a *answer) WriteHeader(status int) {
	if a.began {
		return
	}
	a.began = true
	head := a.Header()
	if !a.front {
		head.Del("Set-Cookie") // a host keeps nothing of its visitors, nor may its parts
	}
	if a.pages && (isHTML(head) || a.loader && status == http.StatusNotModified) && !hasToken(head.Values("Vary"), "Sec-Fetch-Dest") {
		head.Add("Vary", "Sec-Fetch-Dest")
	}
	if a.loader && status == http.StatusOK && inject.Applies(head) || a.loader && status == http.StatusNotFound && inject.Applies(head) {
		a.inject(head)
	}
	if a.loader && status == http.StatusNotModified {
		if !a.front {
			head.Set("Cache-Control", revalidate)
		}
		markTag(head)
	}
	a.ResponseWriter.WriteHeader(status)
}

// isHTML reports whether a response is a page, which is another for who navigates
// to it. Everything else is the same for all: what a picture's element had, the
// visitor's worker finds in the browser's cache.
func isHTML(head http.Header) bool {
	kind, _, err := mime.ParseMediaType(head.Get("Content-Type"))
	return err == nil && kind == "text/html"
}

// revalidate is the Cache-Control of what may be another tomorrow.
const revalidate = "public, max-age=0, must-revalidate"

// inject begins to change the page: its length is not known any more, it has no
// ranges, and it is another representation under a tag of its own.
func (a *answer) inject(head http.Header) {
	for _, name := range []string{"Content-Length", "Accept-Ranges", "Last-Modified"} {
		head.Del(name)
	}
	if !a.front {
		head.Set("Cache-Control", revalidate)
	}
	markTag(head)
	a.count.pages.Add(1)
	if a.r.Method != http.MethodHead {
		a.page = inject.New(steps{a}, inject.Options{Loader: reserved + "/loader.js", Defer: true})
	}
}

// tagMark ends the entity tags of pages with the loader in them. Another way to
// change pages is another mark.
const tagMark = ".kith1"

func markTag(head http.Header) {
	if tag := head.Get("Etag"); strings.HasSuffix(tag, `"`) {
		head.Set("Etag", strings.TrimSuffix(tag, `"`)+tagMark+`"`)
	}
}

// Write sends the next bytes.
func (a *answer) Write(p []byte) (int, error) {
	if !a.began {
		a.WriteHeader(http.StatusOK)
	}
	if a.page != nil {
		return a.page.Write(p)
	}
	return steps{a}.Write(p)
}

// ReadFrom does not stand in the way of the kernel's own copy from a file. A
// LimitedReader around it is put on anew for each step.
func (a *answer) ReadFrom(r io.Reader) (int64, error) {
	if !a.began {
		a.WriteHeader(http.StatusOK)
	}
	to, direct := a.ResponseWriter.(io.ReaderFrom)
	if a.page != nil || !direct {
		return io.Copy(writeOnly{a}, r)
	}
	most := int64(-1)
	outer, limited := r.(*io.LimitedReader)
	if limited {
		r, most = outer.R, outer.N
	}
	var sent int64
	for most < 0 || sent < most {
		step := int64(stepSize)
		if most >= 0 {
			step = min(step, most-sent)
		}
		a.hurry()
		n, err := to.ReadFrom(&io.LimitedReader{R: r, N: step})
		sent += n
		a.counted(n)
		if limited {
			outer.N -= n
		}
		if err != nil || n < step {
			return sent, err
		}
	}
	return sent, nil
}

// writeOnly hides ReadFrom.
type writeOnly struct{ io.Writer }

// steps writes to the client, step by step.
type steps struct{ a *answer }

func (s steps) Write(p []byte) (int, error) {
	sent := 0
	for {
		part := p[sent:min(sent+stepSize, len(p))]
		s.a.hurry()
		n, err := s.a.ResponseWriter.Write(part)
		sent += n
		s.a.counted(int64(n))
		if err != nil || sent == len(p) {
			return sent, err
		}
	}
}

// hurry gives the client time for the next step. A connection without deadlines,
// as tests have, goes on without.
func (a *answer) hurry() {
	_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(a.h.o.Stall))
}

func (a *answer) counted(n int64) {
	a.count.bytes.Add(n)
	if a.bytes != nil {
		a.bytes.Add(n)
	}
}

// Flush sends what is buffered.
func (a *answer) Flush() {
	_ = http.NewResponseController(a.ResponseWriter).Flush() // what cannot be flushed comes later
}

// end passes on what a page holds back.
func (a *answer) end() {
	if a.page == nil {
		return
	}
	if err := a.page.Close(); err != nil {
		panic(http.ErrAbortHandler) // the client went away, or must not take a part for the whole
	}
}

// body sends a whole answer made here.
func (a *answer) body(status int, contentType string, data []byte) {
	head := a.Header()
	head.Set("Content-Type", contentType)
	head.Set("Content-Length", strconv.Itoa(len(data)))
	a.WriteHeader(status)
	if a.r.Method != http.MethodHead {
		_, _ = a.Write(data) // the client went away: nobody to tell
	}
}
