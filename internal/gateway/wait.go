package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// keepFailed is how long the outcome of a failed attempt is remembered, for a
// page without scripts that asks for it by and by.
const keepFailed = 10 * time.Second

// errLate is the cause of what ended because peers took too long.
var errLate = errors.New("no peer delivered in time")

// attempt opens a site and reads the first bytes behind one path, for the
// pages that wait for them. err is set before done is closed.
type attempt struct {
	began time.Time
	path  string
	done  chan struct{}
	err   error
}

// over reports whether the attempt has ended.
func (a *attempt) over() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// attempts are those that go on, and those that just failed, one for each path
// of a site however many pages wait.
type attempts struct {
	mu      sync.Mutex
	running map[string]*attempt
	limit   int
	stop    chan struct{} // closed by close
	wg      sync.WaitGroup
}

func newAttempts(limit int) attempts {
	return attempts{running: map[string]*attempt{}, limit: limit, stop: make(chan struct{})}
}

func attemptKey(p *place, u *url.URL) string { return p.label + u.EscapedPath() }

// start joins the attempt at the path of u, or begins one.
func (s *attempts) start(g *Gateway, p *place, u *url.URL) (*attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := attemptKey(p, u)
	if a := s.running[key]; a != nil && !a.over() {
		return a, nil
	}
	select {
	case <-s.stop:
		return nil, fault.New(fault.NotRunning, "the node is stopping")
	default:
	}
	if len(s.running) >= s.limit || s.of(p.label) >= g.o.MaxSiteWaiting {
		return nil, fault.New(fault.RateLimited, "too many pages wait for sites")
	}
	a := &attempt{began: time.Now(), path: u.Path, done: make(chan struct{})}
	s.running[key] = a
	s.wg.Go(func() {
		a.err = g.reach(p.address, u)
		close(a.done)
		if a.err != nil {
			select {
			case <-time.After(keepFailed):
			case <-s.stop:
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.running[key] == a {
			delete(s.running, key)
		}
	})
	return a, nil
}

// of counts the attempts of one site: no site takes the place of all others.
// The caller holds mu.
func (s *attempts) of(label string) (n int) {
	for key := range s.running {
		if strings.HasPrefix(key, label+"/") {
			n++
		}
	}
	return n
}

// find returns the attempt at the path of u, nil when there is none.
func (s *attempts) find(p *place, u *url.URL) *attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[attemptKey(p, u)]
}

// close ends every attempt and waits until all have ended.
func (s *attempts) close() {
	s.mu.Lock()
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// reach opens a site and reads the first byte of what u leads to, so that a
// request that follows is answered at once.
func (g *Gateway) reach(a address.Address, u *url.URL) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), g.o.PagePatience, errLate)
	defer cancel()
	go func() {
		select {
		case <-g.attempts.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := g.touch(ctx, a, u)
	if err != nil && errors.Is(context.Cause(ctx), errLate) {
		return tooLate(u.Path, g.o.PagePatience, err)
	}
	return err
}

func (g *Gateway) touch(ctx context.Context, a address.Address, u *url.URL) error {
	handle, err := g.o.Sites.Open(ctx, a)
	if err != nil {
		return err
	}
	defer handle.Close()
	req, err := readPath(u)
	if err != nil {
		return nil // the request itself will say what is wrong with it
	}
	out, err := g.treeOf(handle, handle.FS(ctx)).find(req, u)
	switch {
	case err != nil && (ctx.Err() != nil || fault.KindOf(err) == fault.Unreachable):
		return err
	case err != nil:
		return nil // not a matter of waiting: the request itself will say it
	}
	defer out.close()
	if out.file == nil || out.info.Size() == 0 {
		return nil
	}
	head := make([]byte, min(out.info.Size(), smallFile))
	if err := readAt(out.file, head, 0, true); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return nil
}

// pathOf is the path that a request to /.kith/progress is about.
func pathOf(r *http.Request) (*url.URL, error) {
	s := r.URL.Query().Get("path")
	if s == "" {
		s = "/"
	}
	u, err := url.Parse(s)
	if err != nil || !strings.HasPrefix(s, "/") || u.Host != "" || u.Scheme != "" {
		return nil, fault.New(fault.Invalid, "%.100q is no path of this site", s)
	}
	return u, nil
}
