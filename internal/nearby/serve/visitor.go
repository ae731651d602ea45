package serve

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/nearby/door"
	"github.com/kith-web/kith/internal/text"
)

// reachTime is how long a device is looked for before its page says that it is
// not there.
const reachTime = 10 * time.Second

// Visitor answers on the origins of paired devices, with what those serve.
type Visitor struct {
	nearby *nearby.Service
	log    *slog.Logger
	texts  *text.Catalogue
	proxy  *httputil.ReverseProxy
	client *http.Transport

	mu    sync.Mutex
	where map[string]endpoint // by device ID
}

// endpoint is where a device serves.
type endpoint struct {
	addr   string
	serves []Told
}

var _ http.Handler = (*Visitor)(nil)

// NewVisitor returns a Visitor.
func NewVisitor(n *nearby.Service, log *slog.Logger) *Visitor {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	v := &Visitor{nearby: n, log: log, texts: text.New(), where: map[string]endpoint{}}
	v.client = &http.Transport{
		Proxy: nil, DisableCompression: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: idleTime / 2,
		// Requests name the device as host; dial knows where it is.
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) { return v.dial(ctx, addr) },
	}
	v.proxy = &httputil.ReverseProxy{
		FlushInterval: -1, Transport: patient{v}, ErrorHandler: v.failed,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		Rewrite: func(p *httputil.ProxyRequest) {
			id, _, _ := split(p.In.Host)
			p.Out.URL.Scheme, p.Out.URL.Host = "http", id // TLS is dial's
			p.Out.Host = p.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode == http.StatusNotFound && r.Header.Get(absentHeader) != "" {
				return fault.New(fault.NotFound, "the device serves nothing here").
					WithHint("ask its owner; what was served may have ended")
			}
			for _, h := range gateways() {
				r.Header.Del(h)
			}
			return nil
		},
	}
	return v
}

// gateways are headers that the local gateway sets for every origin; a device has
// no say in them.
func gateways() []string {
	return []string{"Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy", "Origin-Agent-Cluster", "X-Content-Type-Options"}
}

// Close ends idle connections.
func (v *Visitor) Close() error {
	v.client.CloseIdleConnections()
	return nil
}

// split reads the device and the name of the serve from a host.
func split(host string) (id, name string, ok bool) {
	a, _, err := address.FromHost(host)
	if err != nil || len(a.DeviceID()) < idLength {
		return "", "", false
	}
	return a.DeviceID()[:idLength], a.DeviceID()[idLength:], true
}

func (v *Visitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, name, ok := split(r.Host)
	if _, err := v.nearby.EntryOf(id); !ok || err != nil {
		v.say(w, r, fault.New(fault.NotFound, "no device is paired that %.100q stands for", r.Host).
			WithHint("pair it with 'kith nearby pair' or in the console"))
		return
	}
	if name == "" && r.URL.Path == "/" && r.Method == http.MethodGet {
		if v.lead(w, r, id) {
			return
		}
	}
	duplex(w)
	v.proxy.ServeHTTP(w, r)
}

// lead shows what a device serves that serves nothing without a name: the one
// thing, or a list.
func (v *Visitor) lead(w http.ResponseWriter, r *http.Request, id string) bool {
	ctx, cancel := context.WithTimeout(r.Context(), reachTime)
	defer cancel()
	e, err := v.ask(ctx, id)
	if err != nil {
		v.failed(w, r, err)
		return true
	}
	var links []link
	for _, t := range e.serves {
		if t.Name == "" {
			return false
		}
		links = append(links, link{t.Name, "//nearby-" + id + t.Name + ".localhost" + port(r.Host) + "/"})
	}
	w.Header().Set("Cache-Control", "no-store")
	if len(links) == 1 {
		http.Redirect(w, r, links[0].URL, http.StatusFound)
		return true
	}
	entry, _ := v.nearby.EntryOf(id)
	v.page(w, http.StatusOK, pageData{L: v.language(w, r), Title: entry.Name, Links: links})
	return true
}

func port(host string) string {
	if _, p, err := net.SplitHostPort(host); err == nil {
		return ":" + p
	}
	return ""
}

// dial connects to the device that addr names, where it was last or says it is
// now.
func (v *Visitor) dial(ctx context.Context, addr string) (net.Conn, error) {
	id, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	entry, err := v.nearby.EntryOf(id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	connect := func(to string) (net.Conn, error) {
		return door.Dial(ctx, to, Protocol, v.nearby.Agent().Certificate(), door.Fingerprint(entry.Fingerprint))
	}
	v.mu.Lock()
	known, ok := v.where[id]
	v.mu.Unlock()
	if ok {
		if c, err := connect(known.addr); err == nil {
			return c, nil
		}
	}
	fresh, err := v.ask(ctx, id)
	if err != nil {
		return nil, err
	}
	return connect(fresh.addr)
}

// ask learns from a device what it serves, and where.
func (v *Visitor) ask(ctx context.Context, id string) (endpoint, error) {
	t, err := v.nearby.OpenTransport(ctx, id, Protocol)
	if err != nil {
		return endpoint{}, err
	}
	defer func() { _ = t.Close(0, "") }()
	stream, err := t.OpenStream(ctx)
	if err != nil {
		return endpoint{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Now()) })
	defer stop()
	if _, err := stream.Write([]byte{'\n'}); err != nil {
		return endpoint{}, err
	}
	data, err := io.ReadAll(io.LimitReader(stream, maxTold))
	if err != nil {
		return endpoint{}, err
	}
	var l list
	if err := json.Unmarshal(data, &l); err != nil || l.Port <= 0 || l.Port > 65535 || len(l.Serves) > maxServes {
		return endpoint{}, fault.New(fault.Invalid, "the device's list of what it serves cannot be read")
	}
	for _, told := range l.Serves {
		if Name(told.Name) != told.Name {
			return endpoint{}, fault.New(fault.Invalid, "the device serves by a name that is none")
		}
	}
	e := endpoint{addr: netip.AddrPortFrom(t.Session().RemoteAddr().Addr(), uint16(l.Port)).String(), serves: l.Serves}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.where[id] = e
	return e, nil
}

// Serves asks a paired device what it serves.
func (v *Visitor) Serves(ctx context.Context, device string) ([]Told, error) {
	entry, err := v.nearby.Entry(device)
	if err != nil {
		return nil, err
	}
	e, err := v.ask(ctx, nearby.ID(entry.Fingerprint))
	return e.serves, err
}

// failed answers when the device cannot be reached.
func (v *Visitor) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the browser went away
	}
	v.log.Debug("a device cannot be reached", "host", r.Host, "error", err)
	if k := fault.KindOf(err); k == fault.Unreachable || k == fault.Internal { // of no use to people: addresses, time-outs
		err = fault.New(fault.Unreachable, "the device does not answer").WithHint(deviceGone)
		if id, _, ok := split(r.Host); ok {
			if entry, unknown := v.nearby.EntryOf(id); unknown == nil {
				err = fault.New(fault.Unreachable, "%s does not answer", entry.Name).WithHint(deviceGone)
			}
		}
	}
	v.say(w, r, err)
}

// language is the one of the person, which the answer's headers say.
func (v *Visitor) language(w http.ResponseWriter, r *http.Request) *text.Language {
	l := v.texts.For(r.Header.Get("Accept-Language"))
	w.Header().Set("Content-Language", l.Tag())
	w.Header().Add("Vary", "Accept-Language")
	return l
}

const deviceGone = "see that it is on, on this network, and runs kith; then load this page again"

// say answers with an error: a page for people, JSON for scripts.
func (v *Visitor) say(w http.ResponseWriter, r *http.Request, err error) {
	l := v.language(w, r)
	err = fault.Localize(err, l)
	w.Header().Set("Cache-Control", "no-store")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		v.page(w, fault.Status(err), pageData{L: l, Title: l.Text("Not there"), Message: sentence(err.Error()), Hint: sentence(fault.Hint(err))})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(fault.Status(err))
	_, _ = w.Write(append(fault.Encode(err), '\n'))
}

// sentence makes a sentence of an error's text.
func sentence(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + s[n:] + "."
}

type link struct{ Name, URL string }

type pageData struct {
	Title, Message, Hint string
	Links                []link
	L                    *text.Language
}

func (v *Visitor) page(w http.ResponseWriter, status int, d pageData) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.WriteHeader(status)
	if err := template.Must(template.New("page").Parse(pageText)).Execute(w, d); err != nil {
		v.log.Debug("a page was not written", "error", err)
	}
}

// pagePolicy is that of every page of this package's own.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

const pageHead = `<!doctype html>
<html lang="{{.L.Tag}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{{.Title}}</title>
<style>html{background:Canvas;color:CanvasText}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;overflow-wrap:anywhere}
ul{list-style:none;padding:0}a{display:inline-block;padding:.3rem 0}</style>
<main><h1>{{.Title}}</h1>
`

const pageText = pageHead + `{{with .Message}}<p>{{.}}</p>{{end}}{{with .Hint}}<p>{{.}}</p>{{end}}
<ul>{{range .Links}}<li><a href="{{.URL}}">{{.Name}}</a></li>{{end}}</ul>
{{if not .Links}}{{if not .Message}}<p>{{.L.Text "This device serves nothing."}}</p>{{end}}{{end}}
</main></html>
`
