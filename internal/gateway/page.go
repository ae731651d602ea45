package gateway

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
)

//go:embed pages
var pageFiles embed.FS

// pages are what the gateway itself shows.
type pages struct {
	templates *template.Template
	style     template.CSS
	script    template.JS
	// policy allows a page its own style and script and nothing else.
	policy string
}

func newPages() (*pages, error) {
	t, err := template.ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("gateway: pages: %w", err)
	}
	style, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return nil, fmt.Errorf("gateway: pages: %w", err)
	}
	script, err := pageFiles.ReadFile("pages/progress.js")
	if err != nil {
		return nil, fmt.Errorf("gateway: pages: %w", err)
	}
	return &pages{
		templates: t, style: template.CSS(style), script: template.JS(script),
		policy: "default-src 'none'; style-src " + hashSource(style) + "; script-src " + hashSource(script) +
			"; connect-src 'self'; base-uri 'none'; form-action 'none'",
	}, nil
}

// hashSource allows one inline style or script (CSP Level 3 §2.3.1).
func hashSource(content []byte) string {
	sum := sha256.Sum256(content)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// render draws a page and sets its policy.
func (p *pages) render(h http.Header, name string, data any) ([]byte, error) {
	var out bytes.Buffer
	if err := p.templates.ExecuteTemplate(&out, name, data); err != nil {
		return nil, fmt.Errorf("gateway: draw %s: %w", name, err)
	}
	h["Content-Security-Policy"] = append(h["Content-Security-Policy"], p.policy)
	return out.Bytes(), nil
}

const htmlType = "text/html; charset=utf-8"

// errorPage is what error.html shows.
type errorPage struct {
	Title, Message, Hint string
	Retry                string
	Style                template.CSS
	L                    *text.Language
}

// explain draws an error in the form that the request can read, and takes back
// the headers that were meant for another answer.
func (g *Gateway) explain(h http.Header, r *http.Request, status int, err error) (contentType string, body []byte) {
	for _, name := range []string{"Etag", "Last-Modified", "Accept-Ranges"} {
		delete(h, name)
	}
	h["Cache-Control"] = g.fixed.noStore
	l := g.language(h, r)
	err = fault.Localize(err, l)
	message, hint := err.Error(), fault.Hint(err)
	accept := header(r, "Accept")
	switch {
	case strings.Contains(accept, "text/html"):
		page := errorPage{Title: title(l, status), Message: capital(message), Hint: capital(hint), Style: g.pages.style, L: l}
		if k := fault.KindOf(err); k == fault.Unreachable || k == fault.Conflict || k == fault.RateLimited {
			page.Retry = requestURI(r)
		}
		if body, drawErr := g.pages.render(h, "error.html", page); drawErr == nil {
			return htmlType, body
		}
	case strings.Contains(accept, "json"):
		return "application/json", fault.Encode(err)
	}
	said := message + "\n"
	if hint != "" {
		said += hint + "\n"
	}
	return "text/plain; charset=utf-8", []byte(said)
}

// language is the one that a request is answered in, which the headers say.
func (g *Gateway) language(h http.Header, r *http.Request) *text.Language {
	l := g.texts.For(header(r, "Accept-Language"))
	h["Vary"] = []string{"Accept, Accept-Language"}
	h["Content-Language"] = []string{l.Tag()}
	return l
}

// title is what a status means to a person.
func title(l *text.Language, status int) string {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return l.Text("There is nothing here")
	case http.StatusGatewayTimeout:
		return l.Text("Nobody answered")
	case http.StatusForbidden, http.StatusMisdirectedRequest:
		return l.Text("This is not allowed")
	case http.StatusBadGateway:
		return l.Text("The data was refused")
	case http.StatusBadRequest:
		return l.Text("This address cannot be read")
	case http.StatusUnavailableForLegalReasons:
		return l.Text("Not available for legal reasons")
	}
	if said := http.StatusText(status); said != "" {
		return said
	}
	return l.Text("This did not work")
}

// capital begins a sentence.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// fail answers with err, at the status of its kind.
func (x *exchange) fail(err error) { x.failWith(fault.Status(err), err) }

// failWith answers with err at a status of its own.
func (x *exchange) failWith(status int, err error) {
	if x.r.Context().Err() != nil {
		abandon()
	}
	contentType, body := x.g.explain(x.w.Header(), x.r, status, err)
	x.body(status, contentType, body)
}

// refuse answers with err on an origin that is no site's.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	h := w.Header()
	g.isolate(h)
	contentType, body := g.explain(h, r, status, err)
	h["Content-Type"] = []string{contentType}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client went away: nobody to tell
	}
}
