package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Deadlines of HTTP: for a request's head, for the whole of an answer, and for
// the next request on a connection that is kept.
const (
	headTimeout  = 5 * time.Second
	writeTimeout = 20 * time.Second
	idleTimeout  = 30 * time.Second
	maxHead      = 16 << 10
	// grace is what an end may take beyond draining.
	grace = 500 * time.Millisecond
)

// services are the parts of a relay at work.
type services struct {
	s    *Server
	web  []*http.Server
	stop context.CancelFunc // of what goes on while draining
	wg   sync.WaitGroup
}

// begin starts everything; fail is called with what cannot go on.
func (s *Server) begin(fail context.CancelCauseFunc) *services {
	ctx, stop := context.WithCancel(context.Background())
	r := &services{s: s, stop: stop}
	r.serve(s.tcp, s, fail)
	if s.metrics != nil {
		r.serve(s.metrics, s.MetricsHandler(), fail)
	}
	r.wg.Go(func() { s.tracker.Run(ctx) })
	if s.udp != nil {
		r.wg.Go(func() {
			if err := s.tracker.ServePacket(ctx, s.udp); err != nil {
				fail(fmt.Errorf("serve the UDP tracker: %w", err))
			}
		})
	}
	for _, p := range s.o.Parts {
		r.wg.Go(func() {
			if err := p.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				fail(fmt.Errorf("serve %s: %w", p.Prefix(), err))
			}
		})
	}
	return r
}

func (r *services) serve(l net.Listener, h http.Handler, fail context.CancelCauseFunc) {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headTimeout, ReadTimeout: writeTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHead,
		ErrorLog: slog.NewLogLogger(r.s.o.Log.Handler(), slog.LevelDebug),
	}
	secure := r.s.o.TLS != nil && l == r.s.tcp
	if secure {
		srv.TLSConfig = r.s.o.TLS.Clone()
		srv.Protocols = new(http.Protocols)
		srv.Protocols.SetHTTP1(true) // WebSockets are opened by HTTP/1.1
	}
	r.web = append(r.web, srv)
	r.wg.Go(func() {
		var err error
		if secure {
			err = srv.ServeTLS(l, "", "")
		} else {
			err = srv.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			fail(fmt.Errorf("serve on %s: %w", l.Addr(), err))
		}
	})
}

// drain ends everything: nobody new is let in, WebSockets are sent away over
// time, and meanwhile UDP and TURN go on.
func (r *services) drain() {
	s := r.s
	ctx, stop := context.WithTimeout(context.Background(), s.o.Drain+grace)
	defer stop()
	var closing sync.WaitGroup
	for _, srv := range r.web {
		closing.Go(func() {
			if err := srv.Shutdown(ctx); err != nil {
				s.o.Log.Debug("requests were cut short", "error", errors.Join(err, srv.Close()))
			}
		})
	}
	for _, p := range s.o.Parts {
		if d, ok := p.(Drainer); ok {
			closing.Go(func() { d.Drain(ctx, s.o.Drain) })
		}
	}
	s.tracker.Drain(ctx, s.o.Drain)
	closing.Wait()
	r.stop()
	r.wg.Wait()
	var errs []error
	if s.udp != nil {
		errs = append(errs, s.udp.Close())
	}
	if s.turn != nil {
		errs = append(errs, s.turn.Close())
	}
	if err := errors.Join(errs...); err != nil {
		s.o.Log.Debug("cannot close", "error", err)
	}
}

// ServeHTTP answers what comes in on the relay's port.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, p := range s.o.Parts {
		if strings.HasPrefix(r.URL.Path, p.Prefix()) {
			p.ServeHTTP(w, r)
			return
		}
	}
	switch {
	case r.URL.Path == icePath:
		s.serveICE(w, r)
	case r.URL.Path == "/" && r.Header.Get("Upgrade") == "":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if _, err := io.WriteString(w, "A Kith relay: it introduces peers to one another.\n"); err != nil {
			s.o.Log.Debug("cannot answer", "error", err)
		}
	default:
		s.tracker.ServeHTTP(w, r)
	}
}
