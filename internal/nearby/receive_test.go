package nearby

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/openscreen"
	"github.com/kith-web/kith/internal/store"
)

// device starts a Service on loopback that looks for nobody.
func device(t *testing.T, name string) *Service {
	t.Helper()
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	bucket, err := db.Bucket("nearby")
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{
		Name: name, Store: bucket, Listen: netip.MustParseAddrPort("127.0.0.1:0"), Interfaces: []string{"none"},
		Dir: t.TempDir(), Receive: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// pair enters two devices in each other's books and opens a session.
func pair(ctx context.Context, t *testing.T, a, b *Service) *openscreen.Session {
	t.Helper()
	_, err := a.book.add(b.agent.Fingerprint(), b.name, nil)
	if err == nil {
		_, err = b.book.add(a.agent.Fingerprint(), a.name, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := a.agent.Dial(ctx, openscreen.Device{
		Fingerprint: b.agent.Fingerprint(), Name: b.name, Addrs: []netip.AddrPort{b.agent.Addr()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !s.Authenticated() {
		t.Fatal("the devices are not paired")
	}
	return s
}

func TestOneDeviceHasFewOffersAtATime(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	a, b := device(t, "a"), device(t, "b")
	session := pair(ctx, t, a, b)
	var open []*openscreen.Transport
	for range 4 * maxDeviceOffers {
		o, err := session.OpenTransport(ctx, transferProtocol)
		if err == nil {
			open = append(open, o)
		} else if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	if len(open) != maxDeviceOffers {
		t.Fatalf("%d offers were let in, and %d may be", len(open), maxDeviceOffers)
	}
	for _, o := range open {
		_ = o.Close(0, "")
	}
	for { // the other side has to hear of it
		_, err := session.OpenTransport(ctx, transferProtocol)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(errors.Join(errors.New("no offer is taken any more"), err))
		}
	}
}
