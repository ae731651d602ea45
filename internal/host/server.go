package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
)

// Off in place of an address leaves a listener out.
const Off = "off"

// Defaults of ServerOptions.
const (
	DefaultMaxConns           = 20_000
	DefaultMaxConnsPerAddress = 200
	DefaultHeaderTime         = 10 * time.Second
	DefaultIdle               = time.Minute
	DefaultMaxHeader          = 32 << 10
	DefaultDrain              = 3 * time.Second
)

// ServerOptions are the choices of a Server.
type ServerOptions struct {
	// Handler answers the public, and sees to it that bodies come in time; Metrics
	// answers those who may know. Needed: Handler.
	Handler http.Handler
	Metrics http.Handler
	// HTTP, HTTPS and MetricsAt are where to listen, host:port or Off. With HTTPS,
	// HTTP sends everybody there.
	HTTP, HTTPS, MetricsAt string
	// Trusted are proxies in front, which may have more connections than an
	// address may.
	Trusted []netip.Prefix
	// MaxConns and MaxConnsPerAddress bound open connections, MaxHeader the size
	// of a request's head and HeaderTime the time for it. Idle is how long a
	// connection waits for the next request, Drain how long answers may take when
	// the server ends.
	MaxConns, MaxConnsPerAddress, MaxHeader int
	HeaderTime, Idle, Drain                 time.Duration
	// Log is where trouble is told; nil discards it.
	Log *slog.Logger
}

func (o *ServerOptions) setDefaults() {
	orElse(&o.MaxConns, DefaultMaxConns)
	orElse(&o.MaxConnsPerAddress, DefaultMaxConnsPerAddress)
	orElse(&o.MaxHeader, DefaultMaxHeader)
	orElse(&o.HeaderTime, DefaultHeaderTime)
	orElse(&o.Idle, DefaultIdle)
	orElse(&o.Drain, DefaultDrain)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Server is a host with its sockets open.
type Server struct {
	o                    ServerOptions
	http, https, metrics net.Listener // nil when off
	limit                connLimit
	tls                  *tls.Config
	challenge            func(next http.Handler) http.Handler
}

// Secure says where certificates come from, which are their owner's to renew,
// and what is put around what HTTP answers, to prove to an authority whose host
// this is (RFC 8555 §8.3); nil for nothing. It is called before Run.
func (s *Server) Secure(config *tls.Config, challenge func(next http.Handler) http.Handler) {
	s.tls, s.challenge = config, challenge
}

// NewServer opens the sockets. Run serves on them, and closes them.
func NewServer(ctx context.Context, o ServerOptions) (*Server, error) {
	o.setDefaults()
	s := &Server{o: o, limit: connLimit{
		each: guard.NewCount(o.MaxConnsPerAddress, 0), all: guard.NewCount(0, o.MaxConns), trusted: o.Trusted, held: map[net.Conn]netip.Addr{},
	}}
	for _, l := range []struct {
		at string
		to *net.Listener
	}{{o.HTTP, &s.http}, {o.HTTPS, &s.https}, {o.MetricsAt, &s.metrics}} {
		if l.at == Off || l.at == "" {
			continue
		}
		var err error
		if *l.to, err = listen(ctx, l.at); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if s.http == nil && s.https == nil {
		return nil, errors.Join(fault.New(fault.Invalid, "a host needs an address to listen on"), s.Close())
	}
	return s, nil
}

// Close closes the sockets of a Server that is not run.
func (s *Server) Close() error {
	var errs []error
	for _, l := range []net.Listener{s.http, s.https, s.metrics} {
		if l != nil {
			if err := l.Close(); !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// HTTPAddr, HTTPSAddr and MetricsAddr are where the server listens; nil where
// it does not.
func (s *Server) HTTPAddr() net.Addr { return addrOf(s.http) }

// HTTPSAddr is where HTTPS is served; nil for nowhere.
func (s *Server) HTTPSAddr() net.Addr { return addrOf(s.https) }

// MetricsAddr is where the metrics are told; nil for nowhere.
func (s *Server) MetricsAddr() net.Addr { return addrOf(s.metrics) }

func addrOf(l net.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}

// Run serves until ctx ends, then lets answers end for Drain.
func (s *Server) Run(ctx context.Context) error {
	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var group sync.WaitGroup
	var servers []*http.Server
	start := func(l net.Listener, h http.Handler, limit *connLimit, config *tls.Config) {
		if l == nil {
			return
		}
		server := s.server(h, limit, config)
		servers = append(servers, server)
		group.Go(func() {
			if err := serve(server, l); !errors.Is(err, http.ErrServerClosed) {
				fail(fmt.Errorf("serve on %s: %w", l.Addr(), err))
			}
		})
	}
	plain := s.o.Handler
	if s.https != nil {
		plain = s.redirect()
	}
	if s.challenge != nil {
		plain = s.challenge(plain)
	}
	start(s.http, plain, &s.limit, nil)
	start(s.https, s.o.Handler, &s.limit, s.tls)
	start(s.metrics, s.o.Metrics, nil, nil)
	<-failed.Done()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Drain)
	defer cancel()
	for _, server := range servers {
		group.Go(func() {
			if server.Shutdown(drain) != nil {
				_ = server.Close()
			}
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(failed)
}

func serve(server *http.Server, l net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(l, "", "")
	}
	return server.Serve(l)
}

func (s *Server) server(h http.Handler, limit *connLimit, config *tls.Config) *http.Server {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: s.o.HeaderTime, IdleTimeout: s.o.Idle, MaxHeaderBytes: s.o.MaxHeader,
		ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
	if limit != nil {
		server.ConnState = limit.state
	}
	if config != nil {
		server.TLSConfig = config.Clone()
	}
	return server
}

// redirect sends visitors who came by HTTP to the same place by HTTPS.
func (s *Server) redirect() http.Handler {
	port := ""
	if tcp, ok := s.HTTPSAddr().(*net.TCPAddr); ok && tcp.Port != 443 {
		port = ":" + strconv.Itoa(tcp.Port)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := hostName(r.Host)
		if !ok {
			http.Error(w, "this is no host name", http.StatusBadRequest)
			return
		}
		w.Header().Set("Location", "https://"+name+port+r.URL.RequestURI())
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusPermanentRedirect)
	})
}

func listen(ctx context.Context, at string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", at)
	if err != nil {
		return nil, portError(at, err)
	}
	return l, nil
}
