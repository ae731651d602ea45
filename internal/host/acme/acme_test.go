package acme_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/host/acme"
)

// allowed are names that may have a certificate, and what was asked about.
type allowed struct {
	mu    sync.Mutex
	names string
	asked []string
}

func (a *allowed) allow(_ context.Context, name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, name)
	if strings.Contains(a.names, name) {
		return nil
	}
	return fault.New(fault.NotFound, "no site at %s", name)
}

// world is a host with HTTP and HTTPS, and an authority that asks it.
type world struct {
	t         *testing.T
	web, safe net.Listener
	o         acme.Options
	ca        *pebble
	allowed   allowed
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, allowed: allowed{names: "one.example.test two.example.test"}}
	var err error
	w.web, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	w.safe, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	httpPort, tlsPort := w.web.Addr().(*net.TCPAddr).Port, w.safe.Addr().(*net.TCPAddr).Port
	w.ca = newPebble(t, httpPort, tlsPort)
	w.o = acme.Options{
		Dir: t.TempDir(), Email: "me@example.test", Server: w.ca.directory, Roots: w.ca.roots, Domain: "one.example.test",
		Allow: w.allowed.allow, HTTPPort: httpPort, TLSPort: tlsPort, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	return w
}

// serve has a Manager at work on both ports, until stop is called.
func (w *world) serve() (m *acme.Manager, stop func()) {
	w.t.Helper()
	m, err := acme.New(w.o)
	check(w.t, err)
	page := http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(out, r.Proto) })
	plain := &http.Server{Handler: m.Challenge(http.NotFoundHandler())}
	safe := &http.Server{Handler: page, TLSConfig: m.TLS(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	var running sync.WaitGroup
	running.Go(func() {
		if err := plain.Serve(w.web); !errors.Is(err, http.ErrServerClosed) {
			w.t.Error(err)
		}
	})
	running.Go(func() {
		if err := safe.ServeTLS(w.safe, "", ""); !errors.Is(err, http.ErrServerClosed) {
			w.t.Error(err)
		}
	})
	var once sync.Once
	stop = func() {
		once.Do(func() {
			_, _, _ = plain.Close(), safe.Close(), m.Close()
			running.Wait()
		})
	}
	w.t.Cleanup(stop)
	return m, stop
}

// get asks the host by HTTPS under a name, and trusts what the authority issued.
func (w *world) get(name string) (string, error) {
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: w.ca.issued, ServerName: name},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", w.safe.Addr().String())
		},
	}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get("https://" + name + "/")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func TestACertificateIsObtainedForAServedNameAlone(t *testing.T) {
	for _, way := range []string{"HTTP-01", "TLS-ALPN-01"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			if way == "HTTP-01" {
				w.o.TLSPort = 0
			} else {
				w.o.HTTPPort = 0
			}
			m, _ := w.serve()
			if got, err := w.get("one.example.test"); err != nil || got != "HTTP/2.0" {
				t.Errorf("on demand: %q, %v", got, err)
			}
			if err := m.Obtain(t.Context(), "two.example.test"); err != nil {
				t.Errorf("beforehand: %v", err)
			}
			if got, err := w.get("two.example.test"); err != nil || got != "HTTP/2.0" {
				t.Errorf("obtained beforehand: %q, %v", got, err)
			}
			if _, err := w.get("three.example.test"); err == nil {
				t.Error("a name that is not served got a certificate")
			}
			if asked := strings.Join(w.allowed.asked, " "); !strings.Contains(asked, "three.example.test") {
				t.Errorf("nobody asked whether it may; only about %s", asked)
			}
		})
	}
}

func TestCertificatesOutliveARestartAndTheAuthority(t *testing.T) {
	w := newWorld(t)
	_, stop := w.serve()
	if _, err := w.get("one.example.test"); err != nil {
		t.Fatal(err)
	}
	at := [2]string{w.web.Addr().String(), w.safe.Addr().String()}
	stop()
	w.ca.kill()
	for i, l := range []*net.Listener{&w.web, &w.safe} {
		var err error
		*l, err = new(net.ListenConfig).Listen(t.Context(), "tcp", at[i])
		check(t, err)
	}
	w.serve()
	if got, err := w.get("one.example.test"); err != nil || got != "HTTP/2.0" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
}

func TestWhatIsNeeded(t *testing.T) {
	if _, err := acme.New(acme.Options{Email: "me@example.test", Dir: t.TempDir()}); err == nil {
		t.Error("anybody may have a certificate")
	}
}
