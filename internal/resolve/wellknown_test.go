package resolve_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/resolve"
)

// webServer serves over TLS at whatever address is dialled.
func webServer(t *testing.T, h http.HandlerFunc) (dial func(context.Context, string, string) (net.Conn, error), roots *x509.CertPool) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	roots = x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}, roots
}

func TestWellKnown(t *testing.T) {
	mux := http.NewServeMux()
	dial, roots := webServer(t, func(w http.ResponseWriter, req *http.Request) { mux.ServeHTTP(w, req) })
	serve := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
	}
	const path = "/.well-known/wtp"
	// The certificate of httptest is for example.com and its subdomains.
	mux.HandleFunc("plain.example.com"+path, serve("wtp://"+hash1+"\r\n"))
	mux.HandleFunc("ttl.example.com"+path, serve("WTP://"+strings.ToUpper(hash1)+"\nTTL=120\nmore"))
	mux.HandleFunc("week.example.com"+path, serve("wtp://"+hash1+"\nttl=99999999"))
	mux.HandleFunc("page.example.com"+path, serve("<!doctype html><p>wtp://"+hash1))
	mux.HandleFunc("name.example.com"+path, serve("wtp://example.com"))
	mux.HandleFunc("huge.example.com"+path, serve(strings.Repeat("x", 1<<20)))
	mux.HandleFunc("moved.example.com"+path, func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, "https://plain.example.com"+path, http.StatusFound)
	})
	mux.HandleFunc("loop.example.com"+path, func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, req.URL.Path, http.StatusFound)
	})
	mux.HandleFunc("down.example.com"+path, func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, "http://plain.example.com"+path, http.StatusFound)
	})
	mux.HandleFunc("inside.example.com"+path, func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, "https://127.0.0.1"+path, http.StatusFound)
	})
	mux.HandleFunc("broken.example.com"+path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("slow.example.com"+path, func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })

	for name, c := range map[string]struct {
		addr string
		ttl  time.Duration
		kind fault.Kind
	}{
		"plain":   {addr: "9.9.9.9", ttl: time.Hour},
		"ttl":     {addr: "9.9.9.9", ttl: 2 * time.Minute},
		"week":    {addr: "9.9.9.9", ttl: 7 * 24 * time.Hour},
		"moved":   {addr: "9.9.9.9", ttl: time.Hour},
		"page":    {addr: "9.9.9.9", kind: fault.NotFound},
		"name":    {addr: "9.9.9.9", kind: fault.NotFound},
		"huge":    {addr: "9.9.9.9", kind: fault.NotFound},
		"loop":    {addr: "9.9.9.9", kind: fault.NotFound},
		"down":    {addr: "9.9.9.9", kind: fault.NotFound},
		"inside":  {addr: "9.9.9.9", kind: fault.NotFound},
		"absent":  {addr: "9.9.9.9", kind: fault.NotFound},
		"broken":  {addr: "9.9.9.9", kind: fault.Unreachable},
		"slow":    {addr: "9.9.9.9", kind: fault.Unreachable},
		"private": {addr: "192.168.1.1", kind: fault.NotFound},
		"nowhere": {kind: fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := newZone(t)
			host := name + ".example.com"
			if c.addr != "" {
				z.set(host, "60 A "+c.addr)
			}
			z.set("plain.example.com", "60 A 9.9.9.9")
			r := newResolver(t, resolve.Options{Server: z.Addr, WellKnown: true, Dial: dial, RootCAs: roots, Deadline: 500 * time.Millisecond})
			before := time.Now()
			res, err := r.Resolve(t.Context(), parse(t, host))
			if fault.KindOf(err) != c.kind {
				t.Fatalf("%v, %v; want %q", targets(res), err, c.kind)
			}
			if ttl := res.Expires.Sub(before).Round(10 * time.Second); err == nil && (ttl != c.ttl || targets(res)[0] != "wtp://"+hash1) {
				t.Errorf("%v for %s, want %s", targets(res), ttl, c.ttl)
			}
		})
	}
}

func TestDNSComesBeforeWellKnown(t *testing.T) {
	asked := make(chan struct{}, 1)
	dial, roots := webServer(t, func(http.ResponseWriter, *http.Request) { asked <- struct{}{} })
	z := newZone(t)
	z.set("www.example.com", txt("60", "wtpkey="+hash1), "60 A 9.9.9.9")
	r := newResolver(t, resolve.Options{Server: z.Addr, WellKnown: true, Dial: dial, RootCAs: roots})
	if res, err := r.Resolve(t.Context(), parse(t, "www.example.com")); err != nil || targets(res)[0] != "wtp://"+hash1 {
		t.Errorf("%v, %v", targets(res), err)
	}
	select {
	case <-asked:
		t.Error("the server was asked all the same")
	default:
	}
}

func TestPrivateAddressesAreNotReached(t *testing.T) {
	z := newZone(t)
	for i, record := range []string{
		"A 127.0.0.1", "A 10.1.2.3", "A 172.16.0.1", "A 192.168.0.1", "A 169.254.169.254", "A 100.64.0.1", "A 0.0.0.0",
		"A 224.0.0.1", "A 255.255.255.255", "A 198.18.0.1", "AAAA ::1", "AAAA fd00::1", "AAAA fe80::1", "AAAA ::ffff:127.0.0.1",
		"AAAA 64:ff9b::7f00:1", "AAAA 2002:7f00:1::", "AAAA ::", "AAAA ff02::1",
	} {
		t.Run(record, func(t *testing.T) {
			host := "h" + strconv.Itoa(i) + ".example.com"
			z.set(host, "60 "+record)
			dialled := false
			o := resolve.Options{
				Server: z.Addr, WellKnown: true,
				Dial: func(context.Context, string, string) (net.Conn, error) {
					dialled = true
					return nil, net.ErrClosed
				},
			}
			_, err := newResolver(t, o).Resolve(t.Context(), parse(t, host))
			if err == nil || dialled {
				t.Errorf("dialled %v, %v", dialled, err)
			}
			o.AllowPrivate = true
			_, _ = newResolver(t, o).Resolve(t.Context(), parse(t, host))
			if !dialled {
				t.Error("not dialled although it is allowed")
			}
		})
	}
}
