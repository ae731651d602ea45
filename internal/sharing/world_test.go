package sharing_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
	"github.com/kith-web/kith/internal/sharing"
	"github.com/kith-web/kith/internal/store"
)

// patience is how long anything may take on a machine that is busy.
const patience = 90 * time.Second

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if got := fault.KindOf(err); err == nil || got != kind {
		t.Errorf("error %v (%s), want %s", err, got, kind)
	}
}

// startRelay runs a relay with mailboxes until the test ends, or stop is called, and
// returns its URL.
func startRelay(t testing.TB, dir, listen string) (url string, stop func()) {
	t.Helper()
	none := guard.Limit{PerSecond: -1}
	queues, err := sqlite.Open(filepath.Join(dir, "queues.db"), sqlite.Options{DiskShare: 1})
	check(t, err)
	secret := sha256.Sum256([]byte(dir))
	part, err := mailbox.New(mailbox.Options{
		Store: queues, Secret: secret[:], Chunks: filepath.Join(dir, "chunks"), MaxDisk: 1,
		MaxSessionsPerAddress: 10_000, Proofs: none, Creates: none, Puts: none, Tickets: none, Requests: none,
	})
	check(t, err)
	server, err := relay.New(relay.Options{
		Listen: listen, UDP: relay.Off, Parts: []relay.Part{part}, Drain: 100 * time.Millisecond, MaxConnsPerAddress: 10_000,
	})
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the relay ends with %v", err)
		}
	})
	t.Cleanup(stop)
	return server.URLs()["ws"], stop
}

// device is a home with a service.
type device struct {
	*sharing.Service
	t    testing.TB
	home string
	o    sharing.Options
	db   *store.Store
}

// newDevice opens a home of its own.
func newDevice(t testing.TB, name string, relays ...string) *device {
	t.Helper()
	d := &device{t: t, home: t.TempDir(), o: sharing.Options{Name: name, DeviceName: name, Relays: relays, Log: slog.New(slog.DiscardHandler)}}
	t.Cleanup(d.end)
	d.start()
	return d
}

func (d *device) start() {
	d.t.Helper()
	var err error
	d.db, err = store.Open(d.home)
	check(d.t, err)
	o := d.o
	o.Dir = filepath.Join(d.home, "friends")
	for name, to := range map[string]*sharing.Bucket{"device": &o.Device, "exchange": &o.Exchange} {
		bucket, err := d.db.Bucket(name)
		check(d.t, err)
		*to = bucket
	}
	d.Service, err = sharing.New(d.t.Context(), o)
	check(d.t, err)
}

// end closes the home; again it does nothing.
func (d *device) end() {
	if d.db == nil {
		return
	}
	if err := errors.Join(d.Service.Close(), d.db.Close()); err != nil {
		d.t.Error(err)
	}
	d.db = nil
}

// until waits until what a device shows is so.
func (d *device) until(what string, so func(sharing.State) bool) {
	d.t.Helper()
	tick, end := time.NewTicker(20*time.Millisecond), time.NewTimer(patience)
	defer tick.Stop()
	defer end.Stop()
	for st := d.State(); !so(st); st = d.State() {
		select {
		case <-tick.C:
		case <-end.C:
			d.t.Fatalf("%s: %+v", what, st)
		}
	}
}

func (d *device) friend(st sharing.State, name string) sharing.Friend {
	for _, f := range st.Friends {
		if f.Name == name {
			return f
		}
	}
	return sharing.Friend{Pending: true}
}

// befriend makes two people friends, who call one another a and b.
func befriend(t testing.TB, a, b *device) {
	t.Helper()
	i, err := a.Invite(t.Context(), b.o.Name, 0)
	check(t, err)
	_, err = b.Accept(t.Context(), i.Link, a.o.Name)
	check(t, err)
	for _, side := range [][2]*device{{a, b}, {b, a}} {
		side[0].until("become friends", func(st sharing.State) bool { return !side[0].friend(st, side[1].o.Name).Pending })
	}
}

// link makes fresh a device of old's person.
func link(t testing.TB, old, fresh *device) {
	t.Helper()
	i, err := fresh.LinkDevice(t.Context(), "")
	check(t, err)
	_, err = old.AcceptDevice(t.Context(), i.Link)
	check(t, err)
	for _, d := range []*device{fresh, old} {
		d.until("have a code", func(st sharing.State) bool { return len(st.Links) > 0 && st.Links[0].Safety != "" })
	}
	for _, d := range []*device{fresh, old} {
		check(t, d.ConfirmDevice(t.Context(), d.State().Links[0].ID))
	}
	for _, d := range []*device{fresh, old} {
		d.until("know one another", func(st sharing.State) bool { return len(st.Devices) == 2 })
	}
}

// ask asks and waits for the answer.
func (d *device) ask(a sharing.Ask) (*sharing.Answer, string) {
	d.t.Helper()
	a.Wait = patience
	got, err := d.Ask(d.t.Context(), a)
	check(d.t, err)
	if got.Pending != "" {
		d.t.Fatalf("nobody answered what is at %s", a.Path)
	}
	return got, content(d.t, got.Body)
}

func content(t testing.TB, b sharing.Body) string {
	t.Helper()
	data, err := io.ReadAll(b)
	check(t, errors.Join(err, b.Close()))
	return string(data)
}

// next waits for an event that is so, and passes over others.
func next(t testing.TB, events <-chan sharing.Event, so func(sharing.Event) bool) sharing.Event {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var seen []string
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatalf("the events ended after %v", seen)
			}
			if so(e) {
				return e
			}
			seen = append(seen, fmt.Sprintf("%+v", e))
		case <-timer.C:
			t.Fatalf("no such event came, but %v", seen)
		}
	}
}
