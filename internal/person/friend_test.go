package person_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
)

func TestTwoBecomeFriends(t *testing.T) { // §4
	w := newWorld(t)
	alice, bob := w.someone("alice"), w.someone("bob")
	bob.accept(alice.invite(), "al")
	if f := bob.friend("al"); !f.Pending || f.Safety != "" {
		t.Fatalf("before the answer: %+v", f)
	}
	w.settle()
	a, b := alice.friend("bob"), bob.friend("al")
	if a.Pending || b.Pending || a.Safety == "" || a.Safety != b.Safety || b.Says != "alice" || a.Verified {
		t.Fatalf("friends: %+v, %+v", a, b)
	}
	w.talk(alice, bob)
	for _, d := range w.devices {
		if left, err := d.person.Invitations(); err != nil || len(left) != 0 {
			t.Errorf("%s still has %+v, %v", d.name, left, err)
		}
		for k := range d.records.vals {
			if (strings.HasPrefix(k, "invite/") || strings.HasPrefix(k, "accept/") || strings.HasPrefix(k, "pending/")) && d.records.vals[k].b != nil {
				t.Errorf("%s still keeps %s", d.name, k)
			}
		}
	}
}

func TestAnInvitationIsGoodOnce(t *testing.T) { // §4.1
	w := newWorld(t)
	alice, bob, carol := w.someone("alice"), w.someone("bob"), w.someone("carol")
	link := alice.invite()
	bob.accept(link, "")
	carol.accept(link, "")
	w.settle()
	bob.accept(link, "") // again: nothing
	w.settle()
	if n := len(alice.friends()); n != 1 {
		t.Fatalf("alice has %d friends", n)
	}
	alice.friend("bob")
	w.talk(alice, bob)
	w.later(9 * 24 * time.Hour)
	w.later(8 * 24 * time.Hour)
	if len(carol.friends()) != 0 {
		t.Fatalf("carol waits for ever: %+v", carol.friends())
	}
	_, _, err := alice.person.Accept(link, "")
	refused(t, "her own link, used", err, fault.Conflict)
	own := alice.invite()
	_, _, err = alice.person.Accept(own, "")
	refused(t, "her own link", err, fault.Conflict)
}

func TestInvitationsEnd(t *testing.T) { // §4.1
	w := newWorld(t)
	alice, bob := w.someone("alice"), w.someone("bob")
	link := alice.invite()
	w.later(8 * 24 * time.Hour)
	_, _, err := bob.person.Accept(link, "")
	refused(t, "an ended invitation", err, fault.Conflict)
	i, e, err := alice.person.Invite("bob", time.Hour)
	alice.do(e, err)
	alice.do(alice.person.Cancel(i.ID))
	bob.accept(i.Link, "")
	w.settle()
	if len(alice.friends()) != 0 || !bob.friends()[0].Pending {
		t.Fatal("a cancelled invitation was good")
	}
	_, err = alice.person.Cancel(i.ID)
	refused(t, "cancelled twice", err, fault.NotFound)
	bob.do(bob.person.RemoveFriend(bob.friends()[0].Handle))
	if len(bob.friends()) != 0 {
		t.Fatal("what was accepted cannot be given up")
	}
	for _, bad := range []string{"", "x", i.Link[:len(i.Link)-3], i.Link + "AAAA"} {
		_, _, err = bob.person.Accept(bad, "")
		refused(t, "a damaged link", err, fault.Invalid)
	}
	_, _, err = alice.person.Invite("", time.Minute)
	refused(t, "a minute", err, fault.Invalid)
}

// TestAChangedLinkMakesNoFriend changes each part of a link.
func TestAChangedLinkMakesNoFriend(t *testing.T) { // §4.2
	w := newWorld(t)
	alice, bob := w.someone("alice"), w.someone("bob")
	link := alice.invite()
	for _, at := range []int{10, 30, 70, 100} { // expiry, secret, key
		i := strings.IndexByte(link, '#') + at
		flip := byte('A')
		if link[i] == 'A' {
			flip = 'B'
		}
		if _, e, err := bob.person.Accept(link[:i]+string(flip)+link[i+1:], ""); err == nil {
			bob.apply(e)
		}
	}
	w.settle()
	if n := len(alice.friends()); n != 0 {
		t.Fatalf("alice has %d friends", n)
	}
}

// TestWhoReadsTheLinkIsSeenByTheCode: mallory reads the link first, and poses as
// each to the other.
func TestWhoReadsTheLinkIsSeenByTheCode(t *testing.T) { // §4.4
	w := newWorld(t)
	alice, bob := w.someone("alice"), w.someone("bob")
	toAlice, toBob := w.someone("bob"), w.someone("alice")
	toAlice.accept(alice.invite(), "")
	bob.accept(toBob.invite(), "")
	w.settle()
	a, b := alice.friends()[0], bob.friends()[0]
	if a.Pending || b.Pending || a.Safety == b.Safety {
		t.Fatalf("somebody between them is not seen: %+v, %+v", a, b)
	}
}

func TestBothInviteAtOnce(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.someone("alice"), w.someone("bob")
	la, lb := alice.invite(), bob.invite()
	bob.accept(la, "")
	alice.accept(lb, "")
	w.settle()
	if a, b := alice.friends(), bob.friends(); len(a) != 2 || len(b) != 2 || a[0].Name == a[1].Name {
		t.Fatalf("%+v, %+v", a, b)
	}
	alice.do(alice.person.RemoveFriend(alice.friends()[0].Handle))
	w.settle()
	if a, b := alice.friends(), bob.friends(); len(a) != 1 || len(b) != 1 || a[0].Safety != b[0].Safety {
		t.Fatalf("after removing one of two: %+v, %+v", a, b)
	}
	w.talk(alice, bob)
}

func TestClocksThatAreADayOff(t *testing.T) { // §5.2
	for _, off := range []time.Duration{-25 * time.Hour, 25 * time.Hour} {
		w := newWorld(t)
		alice, bob := w.someone("alice"), w.someone("bob")
		bob.offset = off
		w.befriend(alice, bob)
		laptop := w.device("laptop")
		laptop.offset = off
		w.link(alice, laptop)
		alice.wants("alice", "laptop")
		laptop.wants("alice", "laptop")
		alice.do(alice.person.Revoke([]seal.DeviceID{laptop.id()}, ""))
		w.settle()
		w.talk(alice, bob)
	}
}

func TestThereIsRoomFor250(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 250 handshakes")
	}
	w := newWorld(t)
	alice, other := w.someone("alice"), w.someone("other")
	i, e, err := alice.person.Invite("", 0)
	alice.do(e, err)
	for range 250 {
		bob := w.someone("bob")
		alice.accept(bob.invite(), "")
		w.settle(alice, bob)
		w.devices = w.devices[:2]
	}
	if n := len(alice.friends()); n != 250 {
		t.Fatalf("%d friends", n)
	}
	_, _, err = alice.person.Invite("", 0)
	refused(t, "an invitation for number 251", err, fault.TooLarge)
	_, _, err = alice.person.Accept(other.invite(), "")
	refused(t, "accepting number 251", err, fault.TooLarge)
	other.accept(i.Link, "")
	w.settle()
	if n := len(alice.friends()); n != 250 {
		t.Fatalf("%d friends after an old invitation was used", n)
	}
	alice.do(alice.person.RemoveFriend(alice.friends()[0].Handle))
	other.do(other.person.Resume()) // says it again
	w.settle()
	alice.friend("other")
}

func TestRenameVerifyBlock(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol := w.someone("alice"), w.someone("bob"), w.someone("carol")
	w.befriend(alice, bob)
	b := alice.friend("bob").Handle
	alice.do(alice.person.ChangeFriend(b, person.Change{Name: name("Robert"), Verified: yes()}))
	if f := alice.friend("robert"); !f.Verified || f.Changed || f.Says != "bob" {
		t.Fatalf("%+v", f)
	}
	w.befriend(alice, carol)
	_, err := alice.person.ChangeFriend(alice.friend("carol").Handle, person.Change{Name: name("ROBERT")})
	refused(t, "a name twice", err, fault.Conflict)
	for _, bad := range []string{"", "a/b", "..", "x\ny", strings.Repeat("n", 100), "\u202e"} {
		_, err := alice.person.ChangeFriend(b, person.Change{Name: &bad})
		refused(t, "a bad name", err, fault.Invalid)
	}
	alice.do(alice.person.ChangeFriend(b, person.Change{Blocked: yes(), Verified: no()}))
	if w.hears(bob, alice) || w.hears(alice, bob) {
		t.Fatal("a blocked friend is heard or told")
	}
	if f := alice.friend("Robert"); !f.Blocked || f.Verified {
		t.Fatalf("%+v", f)
	}
	alice.do(alice.person.ChangeFriend(b, person.Change{Blocked: no()}))
	w.settle()
	w.talk(alice, bob)
}

func TestRemovingAFriend(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.someone("alice"), w.someone("bob")
	w.befriend(alice, bob)
	a, b := alice.friend("bob"), bob.friend("alice")
	id, _ := alice.person.Current(a.Handle)
	alice.do(alice.person.RemoveFriend(a.Handle))
	if len(alice.friends()) != 0 || len(alice.gone) != 1 || alice.gone[0] != a.Handle {
		t.Fatalf("alice: %+v, gone %x", alice.friends(), alice.gone)
	}
	if _, ok := alice.person.Stable(id); ok {
		t.Fatal("a removed friend is still answered")
	}
	w.settle()
	if len(bob.friends()) != 0 || len(bob.gone) != 1 || bob.gone[0] != b.Handle {
		t.Fatalf("bob: %+v, gone %x", bob.friends(), bob.gone)
	}
	alice.do(alice.person.Forget(id))
	w.later(24 * time.Hour)
	w.later(8 * 24 * time.Hour)
	for _, d := range w.devices {
		for k, v := range d.records.vals {
			if v.b != nil && k != "backup" {
				t.Errorf("%s keeps %s", d.name, k)
			}
		}
	}
	if len(w.queues) != 4 { // the roster queues of two devices with two relays
		t.Errorf("%d queues are left", len(w.queues))
	}
}

func TestChangingRelays(t *testing.T) { // §4.3
	w := newWorld(t)
	alice, bob := w.someone("alice"), w.someone("bob")
	w.befriend(alice, bob)
	alice.do(alice.person.SetRelays([]string{"wss://three", "ws://one.alice"}))
	rel, _ := alice.person.Current(alice.friend("bob").Handle)
	if r, _ := alice.person.Relation(rel); len(r.In) != 3 {
		t.Fatalf("%d inboxes while the friend does not know", len(r.In))
	}
	w.settle()
	w.talk(alice, bob)
	back, _ := bob.person.Current(bob.friend("alice").Handle)
	if r, _ := bob.person.Relation(back); len(r.Out) != 2 || r.Out[0].Relay == "ws://two.alice" || r.Out[1].Relay == "ws://two.alice" {
		t.Fatalf("bob writes to %+v", r.Out)
	}
	w.later(22 * 24 * time.Hour)
	if r, _ := alice.person.Relation(rel); len(r.In) != 2 {
		t.Fatalf("%d inboxes for ever", len(r.In))
	}
	for _, bad := range [][]string{nil, {"http://x"}, {"ws://"}, make([]string, 9)} {
		_, err := alice.person.SetRelays(bad)
		refused(t, "bad relays", err, fault.Invalid)
	}
	alice.do(alice.person.SetRelays([]string{"wss://four"}))
	w.settle()
	r, _ := alice.person.Relation(rel)
	for _, q := range r.In {
		if q.Relay == "wss://four" {
			alice.do(alice.person.Arrived(seal.Inbox{Mailbox: q, Relation: rel}))
		}
	}
	w.later(25 * time.Hour)
	if r, _ := alice.person.Relation(rel); len(r.In) != 1 {
		t.Fatalf("%d inboxes a day after the new one was used", len(r.In))
	}
}

// TestLostDoubledReordered: whatever the network does, asking again ends it well.
func TestLostDoubledReordered(t *testing.T) { // §4.2
	for seed := range uint64(12) {
		w := newWorld(t)
		r := rand.New(rand.NewPCG(seed, 1))
		w.wire = func(seal.Mailbox, []byte) int { return r.IntN(3) }
		alice, bob := w.someone("alice"), w.someone("bob")
		bob.accept(alice.invite(), "")
		for range 60 {
			for _, d := range w.devices {
				d.step(r.IntN)
			}
			w.now = w.now.Add(time.Hour + time.Minute)
			for _, d := range w.devices {
				d.do(d.person.Tick())
			}
		}
		w.wire = nil
		w.settle()
		w.talk(alice, bob)
		if a, b := alice.friends(), bob.friends(); len(a) != 1 || len(b) != 1 || a[0].Safety != b[0].Safety {
			t.Fatalf("seed %d: %+v, %+v", seed, a, b)
		}
	}
}

// TestNothingEqual compares every octet string of at least 8 octets in what two
// friends of one person hold: keys, ids, queues, codes.
func TestNothingEqual(t *testing.T) { // §3
	w := newWorld(t)
	alice, bob, carol := w.someone("alice"), w.someone("bob"), w.someone("carol")
	w.befriend(alice, bob)
	carol.accept(alice.invite(), "")
	w.settle()
	alice.do(alice.person.SetRelays([]string{"wss://three"}))
	w.settle()
	laptop := w.device("laptop")
	w.link(alice, laptop)
	alice.do(alice.person.Revoke([]seal.DeviceID{laptop.id()}, ""))
	w.settle()
	w.talk(alice, bob)
	w.talk(alice, carol)
	seen := map[string]bool{}
	collect(t, bob, func(s string) { seen[s] = true })
	if len(seen) < 20 {
		t.Fatalf("only %d octet strings were found", len(seen))
	}
	collect(t, carol, func(s string) {
		if seen[s] && !strings.Contains(s, "three") && !strings.HasPrefix(s, "ws") { // the relay's address is the same
			t.Errorf("both hold %q", s)
		}
	})
	both := 0
	collect(t, alice, func(s string) {
		if seen[s] {
			both++
		}
	})
	if both < 5 { // the test must see what is shared
		t.Fatalf("alice and bob share %d octet strings", both)
	}
}

// collect calls f with every octet and text string of at least 8 octets in a
// device's records, and with the ids in their keys.
func collect(t testing.TB, d *device, f func(string)) {
	t.Helper()
	for k, v := range d.records.vals {
		if v.b == nil {
			continue
		}
		for _, part := range strings.Split(k, "/") {
			if len(part) >= 16 {
				f(part)
			}
		}
		var x any
		if err := seal.Unmarshal(v.b, &x); err != nil {
			t.Fatal(err)
		}
		walk(x, f)
	}
}

func walk(x any, f func(string)) {
	switch x := x.(type) {
	case []byte:
		if len(x) >= 8 && len(bytes.Trim(x, "\x00")) > 0 {
			f(string(x))
			var inner any
			if err := seal.Unmarshal(x, &inner); err == nil {
				walk(inner, f)
			}
		}
	case string:
		if len(x) >= 8 {
			f(x)
		}
	case []any:
		b := make([]byte, 0, len(x))
		for _, y := range x { // an array of octets
			if n, ok := y.(uint64); ok && n < 256 {
				b = append(b, byte(n))
			}
			walk(y, f)
		}
		if len(b) == len(x) && len(b) >= 8 && len(bytes.Trim(b, "\x00")) > 0 {
			f(string(b))
		}
	case map[any]any:
		for _, y := range x {
			walk(y, f)
		}
	}
}

// TestRelaysSeeNothingEqual: what two relays are given has neither a body nor an
// id in common (but envelopes, which are the exchange's).
func TestRelaysSeeNothingEqual(t *testing.T) { // §4.2, spec/mailbox.md §1
	w := newWorld(t)
	alice, bob, laptop := w.someone("alice"), w.someone("bob"), w.device("laptop")
	seen := map[string]string{}
	n := 0
	w.sees = func(e person.Effects) {
		for _, r := range e.Raw {
			for _, s := range []string{string(r.Body), string(r.ID[:])} {
				if relay, again := seen[s]; again && relay != r.Mailbox.Relay {
					t.Errorf("%s and %s are given the same", relay, r.Mailbox.Relay)
				}
				seen[s] = r.Mailbox.Relay
			}
			n++
		}
	}
	w.befriend(alice, bob)
	w.link(alice, laptop)
	alice.do(alice.person.Revoke([]seal.DeviceID{laptop.id()}, ""))
	w.settle()
	if n < 12 {
		t.Fatalf("only %d bodies", n)
	}
}
