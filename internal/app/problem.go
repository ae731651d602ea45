package app

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
)

// problem is an error with the status and code that an app is told
// (spec/app-api.md §6).
type problem struct {
	err    error
	status int
	code   string
}

func (p *problem) Error() string { return p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

// told gives an error its status and code.
func told(status int, code string, err error) error { return &problem{err, status, code} }

// The problems that have a code of their own.
func notConnected(o Origin) error {
	return told(http.StatusForbidden, "not-connected",
		fault.New(fault.Forbidden, "%s is not connected to this node", o.URL).WithHint("ask the person by POST /.kith/connect"))
}

func refused(what string) error {
	return told(http.StatusForbidden, "refused", fault.New(fault.Forbidden, "the person said no to %s", what))
}

func readOnly(path string) error {
	return told(http.StatusForbidden, "read-only",
		fault.New(fault.Forbidden, "%.200q is mounted for reading", path).WithHint("keep a copy of your own"))
}

// missing is the one answer for what does not exist and for what the app may not
// know of. It names nothing but what was asked for.
func missing(what string) error {
	return told(http.StatusNotFound, "not-found", fault.New(fault.NotFound, "there is no %.200q here", what).WithHint("list the folder"))
}

func invalid(format string, args ...any) error {
	return told(http.StatusBadRequest, "invalid", fault.New(fault.Invalid, format, args...).WithHint("see spec/app-api.md"))
}

func noMethod(method string) error {
	return told(http.StatusMethodNotAllowed, "method",
		fault.New(fault.Unsupported, "%.20q is no method for this", method).WithHint("see the header Allow"))
}

func lost(what string) error {
	return told(http.StatusPreconditionFailed, "precondition",
		fault.New(fault.Conflict, "%.200q is not what the condition says", what).WithHint("read it again"))
}

// wire is the JSON of RFC 9457.
type wire struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
	Code   string `json:"code"`
}

// codeOf is the code for a kind of error that has none of its own.
func codeOf(k fault.Kind) string {
	switch k {
	case fault.NotFound:
		return "not-found"
	case fault.TooLarge:
		return "too-large"
	case fault.NoSpace:
		return "no-space"
	case fault.RateLimited:
		return "rate-limited"
	case fault.Unreachable:
		return "unreachable"
	case fault.NotRunning:
		return "not-ready"
	}
	return string(k)
}

// fail answers with err, in the language of whoever reads it.
func fail(w http.ResponseWriter, r *http.Request, err error, l *text.Language) {
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // nobody is there who could be told
	}
	var p *problem
	err = fault.Localize(err, l)
	out := wire{Status: fault.Status(err), Code: codeOf(fault.KindOf(err)), Detail: err.Error(), Hint: fault.Hint(err)}
	if errors.As(err, &p) {
		out.Status, out.Code = p.status, p.code
	}
	out.Title = http.StatusText(out.Status)
	if out.Status == http.StatusInternalServerError {
		out.Detail = l.Text("the node failed to do that")
	}
	h := w.Header()
	if out.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	data, err := json.Marshal(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", l.Tag())
	send(w, r, out.Status, "application/problem+json", data)
}

// answer answers with JSON.
func answer(w http.ResponseWriter, r *http.Request, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		fail(w, r, err, nil)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	send(w, r, status, "application/json", data)
}

func send(w http.ResponseWriter, r *http.Request, status int, mediaType string, data []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(data) // the client went away: nobody to tell
	}
}
