package host

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
)

//go:embed error.html
var errorFile embed.FS

// errorPolicy is the Content-Security-Policy of the host's own pages, which are
// text in the browser's own dress.
const errorPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

// noStore is the Cache-Control of what holds for this once.
const noStore = "no-store"

// errorPage is what error.html shows.
type errorPage struct {
	Title, Message string
	Again          bool
	L              *text.Language
}

// refuse answers with a status and what it means to a visitor. What went wrong in
// the host is none of theirs.
func (a *answer) refuse(status int) {
	if errors.Is(a.r.Context().Err(), context.Canceled) {
		panic(http.ErrAbortHandler) // nobody is there
	}
	a.count.refused.Add(1)
	a.loader = false
	head := a.Header()
	contentType, body := explain(head, a.r, a.h.texts.For(a.r.Header.Get("Accept-Language")), status)
	a.body(status, contentType, body)
}

// explain draws what a status means, in the form that the request can read, and
// takes back the headers that were meant for another answer.
func explain(head http.Header, r *http.Request, l *text.Language, status int) (contentType string, body []byte) {
	for _, name := range []string{"Etag", "Last-Modified", "Accept-Ranges", "Content-Encoding", "Content-Disposition"} {
		head.Del(name)
	}
	head.Set("Cache-Control", noStore)
	head.Set("Content-Language", l.Tag())
	head.Add("Vary", "Accept-Language")
	page := meaning(l, status)
	page.L = l
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return "text/plain; charset=utf-8", []byte(page.Title + "\n" + page.Message + "\n")
	}
	var out bytes.Buffer
	drawn := template.Must(template.ParseFS(errorFile, "error.html"))
	if err := drawn.Execute(&out, page); err != nil {
		return "text/plain; charset=utf-8", []byte(page.Title + "\n" + page.Message + "\n")
	}
	head.Set("Content-Security-Policy", errorPolicy)
	return "text/html; charset=utf-8", out.Bytes()
}

// meaning is what a status means to a visitor.
func meaning(l *text.Language, status int) errorPage {
	switch status {
	case http.StatusBadRequest:
		return errorPage{Title: l.Text("This address cannot be read"), Message: l.Text("Check it for a mistake in writing.")}
	case http.StatusForbidden:
		return errorPage{Title: l.Text("This is not served here"), Message: l.Text("The host does not hand it out.")}
	case http.StatusNotFound, http.StatusGone:
		return errorPage{Title: l.Text("There is nothing here"), Message: l.Text("The site has no such page, or no site is served at this address.")}
	case http.StatusMethodNotAllowed:
		return errorPage{Title: l.Text("Sites are to be read"), Message: l.Text("Only GET, HEAD and OPTIONS are answered.")}
	case http.StatusMisdirectedRequest:
		return errorPage{
			Title:   l.Text("No site is served under this name"),
			Message: l.Text("If the name is yours, let its DNSLink or wtpkey record lead to a site of this host; it takes some minutes."),
		}
	case http.StatusRequestedRangeNotSatisfiable:
		return errorPage{Title: l.Text("The file is not that long"), Message: l.Text("Ask for a part that is there.")}
	case http.StatusPreconditionFailed:
		return errorPage{Title: l.Text("This is another version"), Message: l.Text("It changed meanwhile; load it again.")}
	case http.StatusTooManyRequests:
		return errorPage{Title: l.Text("Too many requests"), Message: l.Text("They came from your address; wait a little."), Again: true}
	case http.StatusServiceUnavailable:
		return errorPage{Title: l.Text("The host is busy"), Message: l.Text("Try again in a moment."), Again: true}
	case http.StatusGatewayTimeout, http.StatusBadGateway:
		return errorPage{Title: l.Text("Nobody has delivered this yet"), Message: l.Text("The host looks for it among the site's peers."), Again: true}
	}
	return errorPage{Title: l.Text("This did not work"), Message: l.Text("The host cannot answer; it may be able to later."), Again: true}
}

// statusOf is the status for an error of the host. A name that is none of its
// own is misdirected (RFC 9110 §15.5.20).
func statusOf(err error) int {
	if fault.KindOf(err) == fault.Forbidden {
		return http.StatusMisdirectedRequest
	}
	return fault.Status(err)
}
