package roster_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

func now() time.Time { return time.UnixMilli(1_790_000_000_000).UTC() }

func key(name string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte(name), 32)[:32])
}

func public(name string) []byte { return key(name).Public().(ed25519.PublicKey) }

func make1(t testing.TB, generation, epoch uint64, signer string, devices ...string) roster.Signed {
	t.Helper()
	r := roster.Roster{
		Root: public("root"), Generation: generation, Epoch: epoch,
		Issued: now().UnixMilli(), Expires: now().Add(roster.Lifetime).UnixMilli(),
	}
	for _, d := range devices {
		r.Devices = append(r.Devices, roster.Device{Key: public(d), XWing: make([]byte, seal.PublicSize), Name: d, Relays: []string{"ws://relay"}})
	}
	s, err := roster.Sign(r, key(signer))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func first(t testing.TB, s roster.Signed) roster.History {
	t.Helper()
	h, err := roster.First(now(), s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func accept(t testing.TB, h roster.History, s roster.Signed) roster.History {
	t.Helper()
	h, err := h.Accept(now(), s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestWhichRosterIsBelieved(t *testing.T) { // §2
	base := make1(t, 1, 5, "root", "a", "b", "c")
	for _, c := range []struct {
		name string
		held []roster.Signed
		next roster.Signed
		want fault.Kind
	}{
		{"a device adds one", nil, make1(t, 1, 6, "a", "a", "b", "c", "d"), ""},
		{"rollback", nil, make1(t, 1, 4, "a", "a", "b", "c"), fault.Conflict},
		{"rollback by the root", nil, make1(t, 0, 9, "root", "a"), fault.Conflict},
		{"a stranger", nil, make1(t, 1, 6, "x", "x", "a"), fault.Forbidden},
		{"a device raises the generation", nil, make1(t, 2, 0, "a", "a"), fault.Forbidden},
		{"the root raises it", nil, make1(t, 2, 0, "root", "a"), ""},
		{"who was removed", []roster.Signed{make1(t, 1, 6, "a", "a", "b")}, make1(t, 1, 7, "c", "c"), fault.Forbidden},
		{"who was removed by the root", []roster.Signed{make1(t, 2, 0, "root", "a", "b")}, make1(t, 1, 99, "c", "c"), fault.Conflict},
		{"who was removed, in the root's generation", []roster.Signed{make1(t, 2, 0, "root", "a", "b")}, make1(t, 2, 1, "c", "c"), fault.Forbidden},
		{"after a successor, a sibling is too late", []roster.Signed{make1(t, 1, 6, "a", "a", "b"), make1(t, 1, 7, "a", "a", "b")}, make1(t, 1, 7, "c", "c", "b"), fault.Forbidden},
	} {
		h := first(t, base)
		for _, s := range c.held {
			h = accept(t, h, s)
		}
		_, err := h.Accept(now(), c.next)
		if got := fault.KindOf(err); got != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := first(t, base).Accept(now(), base); !errors.Is(err, roster.ErrHeld) {
		t.Errorf("the same roster: %v", err)
	}
}

// TestTwoThatRevokeOneAnother: whoever saw which first, all hold the same.
func TestTwoThatRevokeOneAnother(t *testing.T) { // §2
	base := make1(t, 1, 5, "root", "a", "b", "c")
	byA, byB := make1(t, 1, 6, "a", "a", "c"), make1(t, 1, 6, "b", "b", "c")
	try := func(order ...roster.Signed) [32]byte {
		h := first(t, base)
		for _, s := range order {
			if next, err := h.Accept(now(), s); err == nil {
				h = next
			}
		}
		return h.Current.Hash()
	}
	if try(byA, byB) != try(byB, byA) || try(byA, byB, byA) != try(byB, byA, byB) {
		t.Fatal("devices that heard of the two in another order hold another roster")
	}
}

func TestAnExpiredRosterIsNoNews(t *testing.T) { // §2
	h := first(t, make1(t, 1, 5, "root", "a", "b"))
	next := make1(t, 1, 6, "a", "a")
	for _, c := range []struct {
		after time.Duration
		want  fault.Kind
	}{{roster.Lifetime + 24*time.Hour, ""}, {roster.Lifetime + 49*time.Hour, fault.Conflict}, {-24 * time.Hour, ""}} {
		if _, err := h.Accept(now().Add(c.after), next); fault.KindOf(err) != c.want {
			t.Errorf("after %s: %v, want %q", c.after, err, c.want)
		}
	}
}

func TestAChangedRosterIsRefused(t *testing.T) {
	base := make1(t, 1, 5, "root", "a", "b")
	bad := make1(t, 1, 6, "a", "a")
	bad.Signature[3] ^= 1
	if _, err := first(t, base).Accept(now(), bad); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("changed signature: %v", err)
	}
	if _, err := roster.First(now(), bad); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("changed signature at first sight: %v", err)
	}
	many := make([]string, roster.MaxDevices+1)
	for i := range many {
		many[i] = fmt.Sprintf("device %02d", i)
	}
	r := roster.Roster{Root: public("root"), Issued: 1, Expires: 2}
	for _, n := range many {
		r.Devices = append(r.Devices, roster.Device{Key: public(n), XWing: make([]byte, seal.PublicSize)})
	}
	if _, err := roster.Sign(r, key("root")); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("%d devices: %v", len(many), err)
	}
	r.Devices = append(r.Devices[:2], r.Devices[0])
	if _, err := roster.Sign(r, key("root")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a device twice: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	good, err := make1(f, 1, 5, "a", "a", "b").Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{0xa3, 1, 0x40, 2, 0x40, 3, 0x40})
	h := first(f, make1(f, 1, 4, "root", "a", "b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := roster.Parse(b)
		if err != nil {
			return
		}
		if next, err := h.Accept(now(), s); err == nil && !bytes.Equal(s.Octets, make1(t, 1, 5, "a", "a", "b").Octets) {
			t.Fatalf("a roster that nobody signed is held: %+v", next)
		}
	})
}
