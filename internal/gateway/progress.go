package gateway

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
)

// progressPath is where the progress of a site's own origin is read.
const progressPath = reserved + "/progress"

// tick is how often progress is told.
const tick = 500 * time.Millisecond

// progress is how an attempt stands. It counts peers and names none: the
// site's own scripts can read it.
type progress struct {
	State   string         `json:"state"` // waiting, ready, failed
	Status  string         `json:"status"`
	Peers   int            `json:"peers"`
	Known   int            `json:"known"`
	Kinds   map[string]int `json:"kinds"`
	Total   int64          `json:"total"`
	Stored  int64          `json:"stored"`
	Rate    int64          `json:"rate"`
	Elapsed int64          `json:"elapsed"` // milliseconds
	Error   *problem       `json:"error,omitempty"`
}

// problem is an error as the page shows it.
type problem struct {
	Kind    fault.Kind `json:"kind"`
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"`
}

func (x *exchange) progress(a *attempt) progress {
	l := x.g.language(x.w.Header(), x.r)
	s := x.g.o.Sites.Look(x.p.address)
	out := progress{
		State: "waiting", Status: waitingFor(l, s), Peers: len(s.Peers), Known: s.Known, Kinds: map[string]int{},
		Total: s.Total, Stored: s.Stored, Rate: s.DownRate, Elapsed: time.Since(a.began).Milliseconds(),
	}
	for _, p := range s.Peers {
		out.Kinds[string(p.Kind)]++
	}
	if a.over() {
		out.State = "ready"
		if a.err != nil {
			out.State = "failed"
			out.Error = &problem{fault.KindOf(a.err), capital(l.Error(a.err)), capital(fault.HintIn(a.err, l))}
		}
	}
	return out
}

// waitingFor says what the person waits for.
func waitingFor(l *text.Language, s engine.Stats) string {
	switch {
	case s.Waiting != "":
		if first, _, _ := strings.Cut(s.Waiting, " "); strings.HasSuffix(first, "ing") {
			return capital(l.Text(s.Waiting)) + "…" // "looking for peers"
		}
		return l.Say("Waiting for %s…", l.Text(s.Waiting)) // "the list of files"
	case len(s.Peers) > 0:
		return l.Text("Waiting for the first bytes…")
	}
	return l.Text("Looking for peers…")
}

// serveReserved answers below /.kith/.
func (x *exchange) serveReserved() {
	if h, ok := x.g.o.Reserved[x.r.URL.Path]; ok {
		x.handOver(h)
		return
	}
	if x.r.URL.Path != progressPath {
		x.fail(fault.New(fault.NotFound, "there is no %.200q on this node", x.r.URL.Path))
		return
	}
	u, err := pathOf(x.r)
	if err != nil {
		x.fail(err)
		return
	}
	a := x.g.attempts.find(x.p, u)
	if a == nil {
		if a, err = x.g.attempts.start(x.g, x.p, u); err != nil {
			x.fail(err)
			return
		}
	}
	x.w.Header()["Cache-Control"] = x.g.fixed.noStore
	switch accept := header(x.r, "Accept"); {
	case strings.Contains(accept, "text/event-stream"):
		x.streamProgress(a)
	case strings.Contains(accept, "text/html"):
		x.waitPage(a, u)
	default:
		x.await(a)
		data, err := json.Marshal(x.progress(a))
		if err != nil {
			x.fail(err)
			return
		}
		x.body(http.StatusOK, "application/json", data)
	}
}

// await gives an attempt the grace to end.
func (x *exchange) await(a *attempt) {
	grace := time.NewTimer(x.g.o.Grace)
	defer grace.Stop()
	select {
	case <-a.done:
	case <-grace.C:
	case <-x.r.Context().Done():
	}
}

// streamProgress tells how an attempt goes until it ends, as server-sent events.
func (x *exchange) streamProgress(a *attempt) {
	x.w.Header()["Content-Type"] = []string{"text/event-stream"}
	x.send(http.StatusOK)
	out := http.NewResponseController(x.w)
	every := time.NewTicker(tick)
	defer every.Stop()
	for {
		p := x.progress(a)
		data, err := json.Marshal(p)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(x.w, "event: progress\ndata: %s\n\n", data); err != nil {
			return
		}
		if err := out.Flush(); err != nil || p.State != "waiting" {
			return
		}
		select {
		case <-a.done:
		case <-every.C:
		case <-x.g.attempts.stop:
			return
		case <-x.r.Context().Done():
			return
		}
	}
}

// waitPage is what a browser without scripts is sent to again and again.
func (x *exchange) waitPage(a *attempt, u *url.URL) {
	x.await(a)
	switch {
	case !a.over():
		x.progressPage(a)
	case a.err != nil:
		x.fail(a.err)
	default:
		x.redirect(http.StatusSeeOther, requestURI(&http.Request{URL: u}))
	}
}

// progressPage is the page that shows an attempt. Its status is 202: the request
// is understood and being worked on, and this is not yet the site; nothing may
// keep it.
func (x *exchange) progressPage(a *attempt) {
	p, l := x.progress(a), x.g.language(x.w.Header(), x.r)
	uri := requestURI(x.r)
	if x.r.URL.Path == progressPath {
		uri = x.r.URL.Query().Get("path")
	}
	page := struct {
		progress
		Name, Progress                 string
		Received, Rate, Elapsed, Comma string
		Style                          template.CSS
		Script                         template.JS
		L                              *text.Language
	}{
		progress: p, Name: shortName(x.p.address), Progress: progressPath + "?path=" + url.QueryEscape(uri),
		Received: readable(p.Stored).In(l), Rate: l.Say("%s/s", readable(p.Rate)), Comma: text.Decimal{Digits: 1}.In(l)[1:2], L: l,
		Elapsed: l.Say("%d s", p.Elapsed/1000), Style: x.g.pages.style, Script: x.g.pages.script,
	}
	h := x.w.Header()
	body, err := x.g.pages.render(h, "progress.html", page)
	if err != nil {
		x.fail(err)
		return
	}
	h["Cache-Control"] = x.g.fixed.noStore
	h["Retry-After"] = []string{"2"}
	x.body(http.StatusAccepted, htmlType, body)
}

// shortName is an address as a heading shows it: a hash by its two ends.
func shortName(a address.Address) string {
	const longest, begin, end = 44, 24, 8
	s := a.Root().String()
	if len(s) <= longest || a.DNSName() != "" {
		return s
	}
	return s[:begin] + "…" + s[len(s)-end:]
}

// readable is a size as people write it.
func readable(n int64) text.Phrase {
	if n < 1024 {
		return text.Of("%d bytes", n)
	}
	f, unit := float64(n)/1024, 0
	for ; f >= 1024 && unit < 4; unit++ {
		f /= 1024
	}
	return text.Of("%s %ciB", text.Decimal{Value: f, Digits: 1}, "KMGTP"[unit])
}
