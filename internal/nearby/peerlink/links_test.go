package peerlink_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/nearby/page"
	"github.com/kith-web/kith/internal/nearby/peerlink"
	"github.com/kith-web/kith/internal/openscreen"
)

const app = "ipfs://bafkqaaa"

// soon is how long anything may take on a slow machine.
const soon = 30 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	t.Cleanup(cancel)
	return ctx
}

// session is a peerlink.Fabric of one session.
type session struct{ *openscreen.Session }

func (s session) OpenTransport(ctx context.Context, _, protocol string) (*openscreen.Transport, error) {
	return s.Session.OpenTransport(ctx, protocol)
}

func agent(t *testing.T) *openscreen.Agent {
	t.Helper()
	identity, err := openscreen.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	a, err := openscreen.New(openscreen.Options{
		DisplayName: "test", Identity: identity, Listen: netip.MustParseAddrPort("127.0.0.1:0"),
		Known: func(openscreen.Fingerprint) bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// links are the Links of two devices with a session between them.
func links(t *testing.T) (alice, bob *peerlink.Links) {
	t.Helper()
	a, b := agent(t), agent(t)
	ctx := within(t)
	there := make(chan *openscreen.Session, 1)
	go func() {
		if s, err := b.Accept(ctx); err == nil {
			there <- s
		}
	}()
	here, err := a.Dial(ctx, openscreen.Device{Fingerprint: b.Fingerprint(), Addrs: []netip.AddrPort{b.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	if err := here.AwaitAuthenticated(ctx); err != nil {
		t.Fatal(err)
	}
	far := <-there
	if err := far.AwaitAuthenticated(ctx); err != nil {
		t.Fatal(err)
	}
	return serve(t, here, "bob"), serve(t, far, "alice")
}

// serve hands the transports that come in over a session to Links.
func serve(t *testing.T, s *openscreen.Session, from string) *peerlink.Links {
	t.Helper()
	l, err := peerlink.New(peerlink.Options{Fabric: session{s}})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			r, err := s.AcceptTransport(t.Context())
			if err != nil {
				return
			}
			if transport, err := r.Accept(); err == nil {
				go l.Serve(t.Context(), page.Device{ID: from}, transport)
			}
		}
	}()
	return l
}

// connected are the two ends of one connection.
func connected(t *testing.T) (a, b page.Conn) {
	t.Helper()
	alice, bob := links(t)
	got := make(chan page.Conn, 1)
	bob.Attend(func(_ context.Context, from page.Device, theirs page.Hello) (page.Hello, func(page.Conn), error) {
		if from.ID != "alice" || theirs.App != app || theirs.Nickname != "Ada" {
			t.Errorf("%v comes in as %v", from, theirs)
		}
		return page.Hello{Nickname: "Bob"}, func(c page.Conn) { got <- c }, nil
	})
	a, theirs, err := alice.Connect(within(t), "bob", page.Hello{App: app, Nickname: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	if theirs.Nickname != "Bob" {
		t.Errorf("the other side is %v", theirs)
	}
	return a, <-got
}

func TestNobodyIsThere(t *testing.T) {
	alice, bob := links(t)
	mine := page.Hello{App: app}
	if _, _, err := alice.Connect(within(t), "bob", mine); !errors.Is(err, page.ErrNobody) {
		t.Errorf("with nobody attending: %v", err)
	}
	asked := make(chan struct{})
	bob.Attend(func(ctx context.Context, _ page.Device, _ page.Hello) (page.Hello, func(page.Conn), error) {
		close(asked)
		<-ctx.Done()
		return page.Hello{}, nil, context.Cause(ctx)
	})
	ctx, cancel := context.WithCancel(within(t))
	go func() {
		<-asked
		cancel()
	}()
	if _, _, err := alice.Connect(ctx, "bob", mine); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

func TestDataChannels(t *testing.T) {
	a, b := connected(t)
	ctx := within(t)
	for _, side := range [][2]page.Conn{{a, b}, {b, a}} {
		taken := make(chan page.Channel, 1)
		go func() {
			if c, err := side[1].AcceptChannel(ctx); err == nil {
				taken <- c
			}
		}()
		opened, err := side[0].OpenChannel(ctx, "label", "protocol", -1)
		if err != nil {
			t.Fatal(err)
		}
		c := <-taken
		if c.Label() != "label" || c.Protocol() != "protocol" || c.ID() != opened.ID() {
			t.Errorf("%q %q %d arrives", c.Label(), c.Protocol(), c.ID())
		}
		for e, text := range map[page.Encoding]string{page.Blob: "blob", page.String: "", page.ArrayBuffer: "buffer"} {
			if err := opened.Send(ctx, e, []byte(text)); err != nil {
				t.Fatal(err)
			}
			if got, data, err := c.Receive(ctx); err != nil || got != e || string(data) != text {
				t.Errorf("%d %q, %v", got, data, err)
			}
		}
		if err := opened.Close(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Receive(ctx); !errors.Is(err, io.EOF) {
			t.Errorf("a closed channel: %v", err)
		}
	}
}

func TestTransportsOfAConnection(t *testing.T) {
	a, b := connected(t)
	ctx := within(t)
	offered := make(chan page.Transport, 1)
	go func() {
		o, err := b.AcceptTransport(ctx)
		if err != nil || o.Accept(ctx) != nil {
			return
		}
		offered <- o
	}()
	near, err := a.OpenTransport(ctx)
	if err != nil {
		t.Fatal(err)
	}
	far := <-offered
	stream, err := near.OpenStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	sent := bytes.Repeat([]byte("octets "), 100_000)
	go func() {
		_, _ = stream.Write(sent)
		_ = stream.Close()
	}()
	in, err := far.AcceptStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(in); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d octets arrive, %v", len(got), err)
	}
	in.CancelWrite(7)
	var reset *page.Reset
	if _, err := stream.Read(make([]byte, 1)); !errors.As(err, &reset) || reset.Code != 7 {
		t.Errorf("given up with %v", err)
	}
	if err := far.Close(9, "done"); err != nil {
		t.Fatal(err)
	}
	<-near.Context().Done()
	var closed *page.Closed
	if err := context.Cause(near.Context()); !errors.As(err, &closed) || closed.Code != 9 || closed.Reason != "done" {
		t.Errorf("closed with %v", err)
	}
	if err := b.Want(); err != nil {
		t.Fatal(err)
	}
	if err := a.Wanted(ctx); err != nil {
		t.Error(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	<-b.Context().Done()
}
