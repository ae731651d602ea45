package person_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

func TestLinkingADevice(t *testing.T) { // §2.1
	w := newWorld(t)
	alice, bob := w.someone("alice"), w.someone("bob")
	w.befriend(alice, bob)
	laptop, phone := w.device("laptop"), w.device("phone")
	w.link(alice, laptop)
	w.link(laptop, phone)
	for _, d := range []*device{alice, laptop, phone} {
		d.wants("alice", "laptop", "phone")
		w.talk(d, bob)
		if links, err := d.person.Links(); err != nil || len(links) != 0 {
			t.Errorf("%s: links are left: %+v, %v", d.name, links, err)
		}
		all, err := d.person.Devices()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range all {
			if !v.Knows {
				t.Errorf("%s: does not know that %s has the roster", d.name, v.Name)
			}
			if id, ok := d.person.DeviceOf(v.Relation); !v.This && (!ok || id != v.Handle) {
				t.Errorf("%s: relation with %s is of %x, %v", d.name, v.Name, id, ok)
			}
		}
	}
	phone.do(phone.person.SetDevice("Telephone", &roster.Holds{Days: 30}))
	w.settle()
	alice.wants("Telephone", "alice", "laptop")
	_, _, err := laptop.person.StartLink()
	refused(t, "a link code on a device that is linked", err, fault.Conflict)
	_, _, err = alice.person.AcceptLink(bob.invite())
	refused(t, "a friend's link as a device's", err, fault.Invalid)
}

// TestNothingButTheCodeBeforeTheComparison: neither device says anything that the
// other side of the link could keep.
func TestNothingButTheCodeBeforeTheComparison(t *testing.T) { // §2.1
	w := newWorld(t)
	alice, laptop := w.someone("alice"), w.device("laptop")
	l, e, err := laptop.person.StartLink()
	laptop.do(e, err)
	_, e, err = alice.person.AcceptLink(l.Link)
	alice.do(e, err)
	w.settle()
	bodies := 0
	w.wire = func(seal.Mailbox, []byte) int { bodies++; return 1 }
	w.later(10 * time.Minute)
	laptop.do(laptop.person.ConfirmLink(one(t, laptop).ID))
	w.settle()
	if s, err := laptop.person.Status(); err != nil || s.Exists {
		t.Fatalf("linked although only one side compared: %+v, %v", s, err)
	}
	alice.wants("alice")
	alice.do(alice.person.CancelLink(one(t, alice).ID))
	w.later(3 * time.Hour)
	w.later(50 * time.Hour)
	alice.wants("alice")
	if links, err := laptop.person.Links(); err != nil || len(links) != 0 {
		t.Fatalf("a link goes on for ever: %+v, %v", links, err)
	}
	if bodies == 0 {
		t.Fatal("nothing was seen")
	}
}

func TestRevoking(t *testing.T) { // §2.2, §7
	w := newWorld(t)
	alice, bob := w.someone("alice"), w.someone("bob")
	laptop, thief := w.device("laptop"), w.device("thief")
	w.link(alice, laptop)
	w.link(alice, thief)
	w.befriend(alice, bob)
	w.settle()
	f := bob.friend("alice")
	bob.do(bob.person.ChangeFriend(f.Handle, changeVerified()))
	open := alice.invite()
	w.settle()
	_, err := alice.person.Revoke([]seal.DeviceID{alice.id()}, "")
	refused(t, "itself", err, fault.Invalid)
	alice.do(alice.person.Revoke([]seal.DeviceID{thief.id()}, ""))
	// From here on everything that travels is looked at with all that the thief has.
	rest := []*device{alice, laptop, bob}
	known := thief.person.Relations()
	boxes := thief.person.Inboxes()
	read := 0
	w.wire = func(q seal.Mailbox, body []byte) int {
		read += peek(known, body)
		return 1
	}
	w.settle(rest...)
	if n := len(thief.friends()); n != 1 {
		t.Fatalf("the thief has %d friends", n)
	}
	read = 0
	w.talk2(rest, alice, bob)
	w.talk2(rest, laptop, bob)
	carol := w.someone("carol")
	w.befriend(alice, carol)
	w.settle(append(rest, carol)...)
	if read != 0 {
		t.Errorf("the thief read %d of the messages after the change", read)
	}
	for _, d := range rest {
		for _, in := range d.person.Inboxes() {
			for _, b := range boxes {
				if string(b.Mailbox.Recipient) == string(in.Mailbox.Recipient) && in.Invitation == [16]byte{} {
					t.Errorf("%s listens for messages in a queue that the thief knows", d.name)
				}
			}
		}
	}
	alice.wants("alice", "laptop")
	laptop.wants("alice", "laptop")
	if n := thief.friends(); len(n) != 1 {
		t.Errorf("the thief has %+v", n)
	}
	if g := bob.friend("alice"); !g.Verified || !g.Changed || g.Safety != alice.friend("bob").Safety || g.Safety == f.Safety {
		t.Errorf("after the change: %+v, %+v", g, alice.friend("bob"))
	}
	_, _, err = carol.person.Accept(open, "")
	if err != nil {
		t.Fatal(err)
	}
	w.settle(append(rest, carol)...)
	if n := len(alice.friends()); n != 2 {
		t.Errorf("an invitation that the thief knows is still good: %d friends", n)
	}
	// What the thief signs is nobody's business.
	thief.do(thief.person.SetDevice("boss", nil))
	w.settle()
	alice.wants("alice", "laptop")
}

// peek counts envelopes that any of the relations opens.
func peek(known []seal.Relation, body []byte) int {
	for _, r := range known {
		if _, _, err := seal.OpenNew(r, body); err == nil {
			return 1
		}
	}
	return 0
}

// talk2 is talk without those who are not in.
func (w *world) talk2(who []*device, a, b *device) {
	w.t.Helper()
	all := w.devices
	w.devices = who
	w.talk(a, b)
	w.devices = all
}

func TestTwoDevicesRevokeOneAnother(t *testing.T) { // §2
	w := newWorld(t)
	a, b, c, d := w.someone("a"), w.device("b"), w.device("c"), w.device("d")
	w.link(a, b)
	w.link(a, c)
	w.link(a, d)
	a.do(a.person.Revoke([]seal.DeviceID{b.id()}, ""))
	b.do(b.person.Revoke([]seal.DeviceID{a.id()}, ""))
	w.settle(a, c) // c hears of a's first, d of b's
	w.settle(b, d)
	w.settle()
	w.later(2 * time.Hour)
	winner := a
	if strings.Contains(strings.Join(c.devices(), " "), "b") {
		winner = b
	}
	c.wants(winner.name, "c", "d")
	d.wants(winner.name, "c", "d")
	winner.wants(winner.name, "c", "d")
}

// TestWhatTwoChangeAtOnceIsNotLost: one links, the other revokes.
func TestWhatTwoChangeAtOnceIsNotLost(t *testing.T) { // §2
	w := newWorld(t)
	a, b, lost := w.someone("a"), w.device("b"), w.device("lost")
	w.link(a, b)
	w.link(a, lost)
	fresh := w.device("fresh")
	l, e, err := fresh.person.StartLink()
	fresh.do(e, err)
	_, e, err = a.person.AcceptLink(l.Link)
	a.do(e, err)
	w.settle(a, fresh)
	fresh.do(fresh.person.ConfirmLink(one(t, fresh).ID))
	w.settle(a, fresh)
	b.do(b.person.Revoke([]seal.DeviceID{lost.id()}, ""))
	a.do(a.person.ConfirmLink(one(t, a).ID))
	w.settle(a, b, fresh)
	w.later(2 * time.Hour)
	w.settle(a, b, fresh)
	for _, d := range []*device{a, b, fresh} {
		d.wants("a", "b", "fresh")
	}
}

func TestARollbackIsRefused(t *testing.T) { // §2
	w := newWorld(t)
	a, b, c := w.someone("a"), w.device("b"), w.device("c")
	w.link(a, b)
	var recorded []struct {
		q    seal.Mailbox
		body []byte
	}
	w.wire = func(q seal.Mailbox, body []byte) int {
		recorded = append(recorded, struct {
			q    seal.Mailbox
			body []byte
		}{q, body})
		return 1
	}
	w.link(a, c)
	a.do(a.person.Revoke([]seal.DeviceID{c.id()}, ""))
	w.settle(a, b)
	a.wants("a", "b")
	for i, r := range recorded { // everything again, in the wrong order
		w.put(recorded[len(recorded)-1-i].q, seal.MessageID{byte(i), 1}, recorded[len(recorded)-1-i].body)
		w.put(r.q, seal.MessageID{byte(i), 2}, r.body)
	}
	w.settle(a, b)
	a.wants("a", "b")
	b.wants("a", "b")
}

// TestThePhraseDecidesInTheEnd: a thief removes the others, and is removed.
func TestThePhraseDecidesInTheEnd(t *testing.T) { // §2
	w := newWorld(t)
	alice, bob := w.someone("alice"), w.someone("bob")
	words, err := alice.person.Phrase()
	if err != nil {
		t.Fatal(err)
	}
	laptop, thief := w.device("laptop"), w.device("thief")
	w.link(alice, laptop)
	w.link(alice, thief)
	w.befriend(laptop, bob)
	thief.do(thief.person.Revoke([]seal.DeviceID{alice.id()}, ""))
	w.settle(thief, laptop)
	laptop.wants("laptop", "thief")
	_, err = alice.person.Recover(strings.Repeat("abandon ", 23)+"art", nil)
	refused(t, "another person's phrase", err, fault.Forbidden)
	alice.do(alice.person.Recover(words, []seal.DeviceID{laptop.id()}))
	w.settle(alice, laptop, bob)
	for range 20 {
		thief.do(thief.person.SetDevice("again "+string(rune('a'+len(w.queues)%20)), nil))
	}
	w.settle()
	w.later(2 * time.Hour)
	alice.wants("alice", "laptop")
	laptop.wants("alice", "laptop")
	w.settle(alice, laptop, bob)
	w.talk2([]*device{alice, laptop, bob}, laptop, bob)
	if _, err := alice.person.Phrase(); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the phrase is still on the device: %v", err)
	}
}

func TestRevokingWithThePhrase(t *testing.T) { // §2.2
	w := newWorld(t)
	alice, laptop, thief := w.someone("alice"), w.device("laptop"), w.device("thief")
	words, err := alice.person.Phrase()
	if err != nil {
		t.Fatal(err)
	}
	w.link(alice, laptop)
	w.link(alice, thief)
	laptop.do(laptop.person.Revoke([]seal.DeviceID{thief.id()}, words))
	w.settle(alice, laptop)
	thief.do(thief.person.Revoke([]seal.DeviceID{alice.id(), laptop.id()}, ""))
	w.settle()
	alice.wants("alice", "laptop")
	laptop.wants("alice", "laptop")
}

func TestRostersAreRenewed(t *testing.T) { // §2
	w := newWorld(t)
	a, b := w.someone("a"), w.device("b")
	w.link(a, b)
	for range 8 {
		w.later(8 * 24 * time.Hour)
	}
	c := w.device("c")
	w.link(a, c)
	b.wants("a", "b", "c")
	// Away for two months: what b knows is too old to change until it heard others.
	away := w.devices
	w.devices = []*device{a, c}
	for range 8 {
		w.later(8 * 24 * time.Hour)
	}
	_, err := b.person.Revoke([]seal.DeviceID{c.id()}, "")
	refused(t, "an expired base", err, fault.Conflict)
	w.devices = away
	w.later(time.Hour)
	w.later(2 * time.Hour)
	b.do(b.person.Revoke([]seal.DeviceID{c.id()}, ""))
	w.settle(a, b)
	a.wants("a", "b")
}

func TestBackupAndRestore(t *testing.T) { // §2.4, §6.5
	w := newWorld(t)
	alice, bob := w.someone("alice"), w.someone("bob")
	words, err := alice.person.Phrase()
	if err != nil {
		t.Fatal(err)
	}
	if err := alice.person.ConfirmPhrase("wrong " + words); fault.KindOf(err) != fault.Invalid {
		t.Fatalf("other words: %v", err)
	}
	if err := alice.person.ConfirmPhrase(words); err != nil {
		t.Fatal(err)
	}
	w.befriend(alice, bob)
	code := bob.friend("alice").Safety
	file, err := alice.person.Backup()
	if err != nil {
		t.Fatal(err)
	}
	w.befriend(alice, w.someone("later"))
	fresh := w.device("fresh")
	_, err = fresh.person.Restore(strings.Repeat("abandon ", 23)+"art", file, nil)
	refused(t, "another phrase", err, fault.Forbidden)
	_, err = fresh.person.Restore(words, file[:len(file)-1], nil)
	refused(t, "a cut file", err, fault.Forbidden)
	fresh.do(fresh.person.Restore(words, file, nil))
	w.settle(fresh, bob)
	if len(fresh.friends()) != 1 || fresh.id() == alice.id() {
		t.Fatalf("restored: %+v", fresh.friends())
	}
	w.talk2([]*device{fresh, bob}, fresh, bob)
	if bob.friend("alice").Safety == code {
		t.Error("the keys did not change")
	}
	if w.hears(bob, alice) {
		t.Error("the device before the backup still hears bob")
	}
	_, err = fresh.person.Restore(words, file, nil)
	refused(t, "over a person", err, fault.Conflict)
}

// TestARestoredDeviceBringsNothingBack: with another device that is up to date, the
// backup's records are not taken.
func TestARestoredDeviceBringsNothingBack(t *testing.T) { // §6.5
	w := newWorld(t)
	alice, bob, carol, phone := w.someone("alice"), w.someone("bob"), w.someone("carol"), w.device("phone")
	words, err := alice.person.Phrase()
	if err != nil {
		t.Fatal(err)
	}
	w.link(alice, phone)
	w.befriend(alice, bob)
	w.settle()
	file, err := alice.person.Backup()
	if err != nil {
		t.Fatal(err)
	}
	phone.do(phone.person.RemoveFriend(phone.friend("bob").Handle))
	w.befriend(phone, carol)
	w.settle(phone, bob, carol)
	named, err := person.DevicesIn(words, file)
	if err != nil || len(named) != 2 || !slices.ContainsFunc(named, func(d person.Device) bool { return d.This && d.Handle == alice.id() }) {
		t.Fatalf("the backup names %+v, %v", named, err)
	}
	_, err = person.DevicesIn(strings.Repeat("abandon ", 23)+"art", file)
	refused(t, "another phrase", err, fault.Forbidden)
	fresh := w.device("fresh")
	fresh.do(fresh.person.Restore(words, file, []seal.DeviceID{phone.id(), alice.id()}))
	w.settle(fresh, phone, bob, carol)
	phone.wants("alice", "fresh", "phone") // the person said to keep alice's old device
	if f := fresh.friends(); len(f) != 1 || f[0].Name != "carol" {
		t.Fatalf("restored: %+v", f)
	}
	w.talk2([]*device{fresh, phone, carol}, fresh, carol)
}

func TestIncarnate(t *testing.T) { // §6.5
	w := newWorld(t)
	a, b := w.someone("a"), w.device("b")
	w.link(a, b)
	before := b.id()
	b.do(b.person.Incarnate())
	w.settle()
	w.later(2 * time.Hour)
	a.wants("a", "b")
	b.wants("a", "b")
	if b.id() == before {
		t.Fatal("it is the same device")
	}
	if !w.merge(a, b) && len(b.person.Relations()) != 1 {
		t.Fatal("no relation with the new device")
	}
	b.open() // it stays what it is
	b.wants("a", "b")
}

// TestEpochs: what a device makes the others have; what is erased is gone for all.
func TestEpochs(t *testing.T) { // §3.1
	w := newWorld(t)
	alice, bob, laptop := w.someone("alice"), w.someone("bob"), w.device("laptop")
	w.link(alice, laptop)
	w.befriend(alice, bob)
	w.settle()
	id, _ := alice.person.Current(alice.friend("bob").Handle)
	w.now = w.now.Add(time.Minute)
	alice.do(alice.person.NewEpoch(id))
	laptop.offset = -48 * time.Hour
	w.settle()
	laptop.do(laptop.person.NewEpoch(id))
	w.settle()
	ra, _ := alice.person.Relation(id)
	rl, _ := laptop.person.Relation(id)
	if len(ra.Epochs) != 3 || len(rl.Epochs) != 3 || ra.Epochs[0].ID != rl.Epochs[0].ID || ra.Epochs[0].Superseded != 0 || ra.Epochs[1].Superseded == 0 {
		t.Fatalf("epochs %+v and %+v", ra.Epochs, rl.Epochs)
	}
	public, err := ra.Epochs[0].Private.Public()
	if err != nil {
		t.Fatal(err)
	}
	other, _ := bob.person.Current(bob.friend("alice").Handle)
	bob.do(bob.person.LearnEpoch(other, public))
	if r, _ := bob.person.Relation(other); r.PeerEpoch.ID != ra.Epochs[0].ID {
		t.Fatal("the new key was not learnt")
	}
	alice.do(alice.person.EraseEpoch(id, ra.Epochs[2].ID))
	alice.do(alice.person.EraseEpoch(id, seal.EpochID{}))
	w.settle()
	if rl, _ := laptop.person.Relation(id); len(rl.Epochs) != 2 {
		t.Fatalf("%d epochs after one was erased", len(rl.Epochs))
	}
	w.later(29 * 24 * time.Hour)
	w.later(29 * 24 * time.Hour)
	if rl, _ := laptop.person.Relation(id); len(rl.Epochs) != 1 {
		t.Fatalf("%d epochs after two months", len(rl.Epochs))
	}
	_, err = bob.person.LearnEpoch(other, public[:100])
	refused(t, "a short key", err, fault.Invalid)
	odd := bytes.Repeat([]byte{255}, seal.PublicSize)
	_, err = bob.person.LearnEpoch(other, odd)
	refused(t, "a key out of its field", err, fault.Invalid)
	weak := append(slices.Clone(public[:1184]), make([]byte, 32)...)
	_, err = bob.person.LearnEpoch(other, weak)
	refused(t, "a key that agrees with nobody", err, fault.Invalid)
	_, err = bob.person.NewEpoch(seal.RelationID{})
	refused(t, "no relation", err, fault.NotFound)
}

// TestEpochsOfOwnDevices: the device's key is the first, and not for ever.
func TestEpochsOfOwnDevices(t *testing.T) { // §2, §3.1
	w := newWorld(t)
	a, b := w.someone("a"), w.device("b")
	w.link(a, b)
	r := a.person.Relations()[0]
	first := r.Epochs[0].ID
	a.do(a.person.NewEpoch(r.ID))
	a.do(a.person.EraseEpoch(r.ID, first))
	r, _ = a.person.Relation(r.ID)
	if len(r.Epochs) != 1 || r.Epochs[0].ID == first {
		t.Fatalf("epochs %+v", r.Epochs)
	}
	public, err := r.Epochs[0].Private.Public()
	if err != nil {
		t.Fatal(err)
	}
	b.do(b.person.LearnEpoch(r.ID, public))
	a.open()
	b.open()
	ra, _ := a.person.Relation(r.ID)
	rb, _ := b.person.Relation(r.ID)
	if ra.Epochs[0].ID != rb.PeerEpoch.ID || len(ra.Epochs) != 1 {
		t.Fatalf("after a start: %+v, %+v", ra.Epochs, rb.PeerEpoch)
	}
}
