package gateway

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// reserved is the folder of every site's origin that belongs to the gateway.
const reserved = "/.kith"

// exchange is one request to a site's origin, and its response.
type exchange struct {
	g      *Gateway
	w      http.ResponseWriter
	r      *http.Request
	p      *place
	handle Handle // nil before the site is open
}

// serveSite answers on a site's own origin.
func (g *Gateway) serveSite(w http.ResponseWriter, r *http.Request, p *place) {
	x := &exchange{g: g, w: w, r: r, p: p}
	g.isolate(w.Header())
	if err := admit(r, p); err != nil {
		x.fail(err)
		return
	}
	if p.address.Kind() == address.Device && g.o.Nearby != nil {
		x.serveDevice()
		return
	}
	if x.isForApps() {
		x.handOver(g.o.Apps)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		w.Header()["Allow"] = g.fixed.allow
		x.send(http.StatusNoContent)
		return
	default:
		w.Header()["Allow"] = g.fixed.allow
		x.failWith(http.StatusMethodNotAllowed,
			fault.New(fault.Unsupported, "a site can be read, but %.20q is no way to read it", r.Method).
				WithHint("use GET or HEAD"))
		return
	}
	switch path := r.URL.Path; {
	case !p.canonical:
		x.redirect(http.StatusMovedPermanently, p.origin()+requestURI(r))
	case path == reserved || strings.HasPrefix(path, reserved+"/"):
		x.serveReserved()
	case isWorker(r) && x.policy().App:
		x.retireWorker()
	case isNavigation(r):
		x.navigate()
	default:
		x.serve()
	}
}

// requestURI is the path and query of a request as it was written, with one
// slash in front.
func requestURI(r *http.Request) string {
	return withQuery("/"+strings.TrimLeft(r.URL.EscapedPath(), "/"), r.URL.RawQuery)
}

// navigate answers a request that a person waits for in a tab or in the shell.
func (x *exchange) navigate() {
	app := x.policy().App
	switch {
	case app && !x.isFramed():
		x.toShell()
		return
	case !app && isForeign(x.r) && !isTopLevel(x.r):
		x.fail(fault.New(fault.Forbidden, "a page of another origin may not use %q", x.p.name).
			WithHint("open the site in a tab of its own"))
		return
	}
	a, err := x.g.attempts.start(x.g, x.p, x.r.URL)
	switch {
	case fault.KindOf(err) == fault.RateLimited:
		x.serve() // too many pages wait already: this one waits as a script does
		return
	case err != nil:
		x.fail(err)
		return
	}
	grace := time.NewTimer(x.g.o.Grace)
	defer grace.Stop()
	select {
	case <-a.done:
	case <-grace.C:
		x.progressPage(a)
		return
	case <-x.r.Context().Done():
		abandon()
	}
	if a.err != nil {
		x.fail(a.err)
		return
	}
	x.serve()
}

// abandon ends a request whose client went away, or whose server stops, without
// an answer that could be taken for one.
func abandon() { panic(http.ErrAbortHandler) }

// toShell sends an app that fills a tab to the shell. An app keeps nothing in a
// tab, so what is there is left from when it was an ordinary site, and cleared.
// Browsers keep apart what the shell's frame stores; that stays.
func (x *exchange) toShell() {
	x.w.Header()["Clear-Site-Data"] = x.g.fixed.clearStorage
	x.redirect(http.StatusSeeOther, x.p.console()+"/app/"+x.p.label+requestURI(x.r))
}

// serve answers with what the path leads to, waiting for peers up to
// Options.Patience for the first bytes.
func (x *exchange) serve() {
	ctx, cancel := context.WithCancelCause(x.r.Context())
	defer cancel(nil)
	timer := time.AfterFunc(x.g.o.Patience, func() { cancel(errLate) })
	defer timer.Stop()
	handle, err := x.g.o.Sites.Open(ctx, x.p.address)
	if err != nil {
		x.fail(x.because(ctx, err))
		return
	}
	defer handle.Close()
	x.handle = handle
	fsys := handle.FS(ctx)
	out, err := x.find(fsys)
	if err != nil {
		x.fail(x.because(ctx, err))
		return
	}
	defer out.close()
	switch {
	case out.location != "":
		err = x.sendOn(out)
	case out.file != nil:
		err = x.serveFile(out, &pace{w: x.w, timer: timer, patience: x.g.o.Stall})
	case out.info != nil:
		err = x.serveFolder(out)
	default:
		x.failWith(out.status, fault.New(fault.NotFound, "this site has no %.200q any more", x.r.URL.Path))
	}
	if err != nil {
		x.fail(x.because(ctx, err))
	}
}

// find looks the request's path up in the site.
func (x *exchange) find(fsys fs.FS) (*found, error) {
	req, err := readPath(x.r.URL)
	if err != nil {
		return nil, err
	}
	return x.g.treeOf(x.handle, fsys).find(req, x.r.URL)
}

// treeOf is the site of a handle as one request sees it.
func (g *Gateway) treeOf(h Handle, fsys fs.FS) tree {
	return tree{fsys: fsys, rules: func(fsys fs.FS) (*ruleFile, error) {
		return g.rules.of(contentKey(h.Target()), fsys, g.o.MaxRedirects)
	}}
}

// contentKey names what a site is made of: an immutable address, and the folder
// in it where the site begins.
func contentKey(target address.Address) string { return target.Key() + target.Path }

// because makes the error of a read that ended with its context one that a
// person understands.
func (x *exchange) because(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errLate) {
		return tooLate(x.r.URL.Path, x.g.o.Patience, err)
	}
	if errors.Is(err, fs.ErrClosed) {
		return fault.New(fault.Conflict, "the site was removed while it was read").WithHint("load the page again")
	}
	return err
}

// tooLate says that nobody delivered path in time. What the engine said of it
// is kept: it may know more.
func tooLate(path string, patience time.Duration, err error) error {
	if fault.KindOf(err) == fault.Unreachable && !errors.Is(err, errLate) {
		return err
	}
	return fault.New(fault.Unreachable, "no peer delivered %.200q within %v", path, patience)
}

// policy is how the site is to be shown: as the open site says, or else what is
// known of it.
func (x *exchange) policy() Policy {
	if x.handle != nil {
		return x.handle.Policy()
	}
	return x.g.o.Sites.PolicyOf(x.p.address)
}

// send writes the status and the headers, to which it adds those of the
// site's policy. Every response of a site's origin goes through here.
func (x *exchange) send(status int) {
	h := x.w.Header()
	x.g.apply(h, x.p, x.policy())
	if x.handle != nil && x.isShown() && x.handle.ClearOnNext() {
		h["Clear-Site-Data"] = x.g.fixed.clear
	}
	x.w.WriteHeader(status)
}

// redirect sends the browser elsewhere.
func (x *exchange) redirect(status int, location string) {
	h := x.w.Header()
	h["Location"] = []string{location}
	h["Cache-Control"] = x.g.fixed.noStore
	h["Content-Length"] = []string{"0"}
	x.send(status)
}

// sendOn sends the browser where a rule or a folder leads. An app stays on its
// origin: browsers look where a redirect leads only after they have connected
// (Chromium, for a link to save), and which of many servers that is says something.
func (x *exchange) sendOn(f *found) error {
	if x.policy().App && !strings.HasPrefix(f.location, "/") {
		return fault.New(fault.Forbidden, "an app may not send its person to %.200q", f.location).
			WithHint("open it as a site")
	}
	x.redirect(f.status, x.target(f.location))
	return nil
}

// target is where a rule of the site leads: an address of another site becomes
// its origin.
func (x *exchange) target(location string) string {
	if !strings.HasPrefix(location, "ipfs://") && !strings.HasPrefix(location, "ipns://") {
		return location
	}
	a, err := address.Parse(location)
	if err != nil {
		return location
	}
	if to, err := a.URL(x.p.base()); err == nil {
		return to
	}
	return location
}

// body writes a whole answer made here.
func (x *exchange) body(status int, contentType string, data []byte) {
	h := x.w.Header()
	h["Content-Type"] = []string{contentType}
	h["Content-Length"] = []string{strconv.Itoa(len(data))}
	x.send(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write(data) // the client went away: nobody to tell
	}
}
