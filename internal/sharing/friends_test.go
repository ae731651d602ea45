package sharing_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

func only(names ...string) *sharing.Audience {
	return &sharing.Audience{Kind: "some", Friends: names}
}

// TestAnAppAsksAFriend: for documents of the same app, waiting and not, with a copy
// that is used meanwhile, and events when there is something.
func TestAnAppAsksAFriend(t *testing.T) {
	t.Parallel()
	url, _ := startRelay(t, t.TempDir(), "127.0.0.1:0")
	alice, bob := newDevice(t, "alice", url), newDevice(t, "bob", url)
	befriend(t, alice, bob)
	big := strings.Repeat("a large document ", 20_000)
	first := bob.put("notes", "x/1", "for alice", only("alice"))
	bob.put("notes", "x/big", big, only("alice"))
	bob.put("notes", "x/2", "for nobody", nil)
	bob.put("", "x/1", "no app's", only("alice"))
	events := alice.Watch(t.Context(), "notes")

	waits, err := alice.Ask(t.Context(), sharing.Ask{Friend: "bob", App: "notes", Path: "x/1"})
	check(t, err)
	if waits.Pending == "" {
		t.Fatalf("without waiting there is %+v", waits)
	}
	id := alice.friend(alice.State(), "bob").ID
	next(t, events, func(e sharing.Event) bool {
		return e == sharing.Event{App: "notes", Path: "x/1", Friend: id, Question: waits.Pending}
	})
	got, err := alice.Question(t.Context(), waits.Pending)
	check(t, err)
	if body := content(t, got.Body); body != "for alice" || got.Stale || got.ETag == first.ETag {
		t.Errorf("the question brought %q, %+v", body, got)
	}
	if got, body := alice.ask(sharing.Ask{Friend: "bob", App: "notes", Path: "x/big"}); body != big || got.Open != "" {
		t.Errorf("%d octets came, %+v", len(body), got)
	}
	_, listing := alice.ask(sharing.Ask{Friend: "bob", App: "notes", Path: "x/?since="})
	var told struct{ Items []struct{ Path string } }
	check(t, json.Unmarshal([]byte(listing), &told))
	if len(told.Items) != 2 || told.Items[0].Path != ".app/notes/x/1" || told.Items[1].Path != ".app/notes/x/big" {
		t.Errorf("alice is told of %s", listing)
	}
	_, err = alice.Ask(t.Context(), sharing.Ask{Friend: "bob", App: "notes", Path: "x/2", Wait: patience})
	wantKind(t, err, fault.NotFound)

	bob.put("notes", "x/1", "for alice, again", nil)
	next(t, events, func(e sharing.Event) bool { return e.Friend == id && e.Path == "" && e.Question == "" })
	old, err := alice.Ask(t.Context(), sharing.Ask{Friend: "bob", App: "notes", Path: "x/1"})
	check(t, err)
	if body := content(t, old.Body); body != "for alice" || !old.Stale || old.Open == "" || old.Pending != "" {
		t.Fatalf("a copy that changed is %q, %+v", body, old)
	}
	next(t, events, func(e sharing.Event) bool { return e.Question == old.Open })
	now, err := alice.Ask(t.Context(), sharing.Ask{Friend: "bob", App: "notes", Path: "x/1"})
	check(t, err)
	if body := content(t, now.Body); body != "for alice, again" || now.Stale || now.Open != "" {
		t.Errorf("after the event it is %q, %+v", body, now)
	}
}

// TestAFriendWhoIsAway answers when they are back, though this home ended meanwhile.
func TestAFriendWhoIsAway(t *testing.T) {
	t.Parallel()
	url, _ := startRelay(t, t.TempDir(), "127.0.0.1:0")
	alice, bob := newDevice(t, "alice", url), newDevice(t, "bob", url)
	befriend(t, alice, bob)
	bob.put("notes", "1", "for alice", only("alice"))
	bob.end()
	waits, err := alice.Ask(t.Context(), sharing.Ask{Friend: "bob", App: "notes", Path: "1"})
	check(t, err)
	alice.until("have sent the question", func(st sharing.State) bool {
		return len(st.Questions) == 1 && st.Questions[0].ID == waits.Pending && st.Questions[0].Sent
	})
	alice.end()
	bob.start()
	alice.start()
	if _, body := alice.ask(sharing.Ask{Friend: "bob", App: "notes", Path: "1"}); body != "for alice" {
		t.Errorf("bob answered %q", body)
	}
}

// TestDeletedAtFriends: what a friend was sent is erased there, and receipts say so.
func TestDeletedAtFriends(t *testing.T) {
	t.Parallel()
	url, _ := startRelay(t, t.TempDir(), "127.0.0.1:0")
	alice, bob := newDevice(t, "alice", url), newDevice(t, "bob", url)
	befriend(t, alice, bob)
	bob.put("notes", "1", "for alice", only("alice"))
	alice.ask(sharing.Ask{Friend: "bob", App: "notes", Path: "1"})
	gone, err := bob.Delete(t.Context(), "notes", "1")
	check(t, err)
	if len(gone.Receipts) != 1 || gone.Receipts[0].State != "asked" {
		t.Errorf("the deletion says %+v", gone)
	}
	bob.until("have a receipt", func(st sharing.State) bool { return len(st.Receipts) == 1 && st.Receipts[0].State == "confirmed" })
	_, err = alice.Ask(t.Context(), sharing.Ask{Friend: "bob", App: "notes", Path: "1", Wait: patience})
	wantKind(t, err, fault.NotFound)
}

// TestASecondDeviceAnswers for the person, with all documents, parts of them fetched
// where they are needed.
func TestASecondDeviceAnswers(t *testing.T) {
	t.Parallel()
	url, _ := startRelay(t, t.TempDir(), "127.0.0.1:0")
	alice, laptop, phone := newDevice(t, "alice", url), newDevice(t, "bob", url), newDevice(t, "phone", url)
	befriend(t, alice, laptop)
	big := strings.Repeat("a large document ", 20_000)
	laptop.put("notes", "1", big, only("alice"))
	events := phone.Watch(t.Context(), "notes")
	link(t, laptop, phone)
	next(t, events, func(e sharing.Event) bool { return e.Path == "1" && e.ETag != "" })
	doc, err := phone.Document(t.Context(), "notes", "1")
	check(t, err)
	made, err := phone.PutPart(t.Context(), sharing.Put{App: "notes", Path: "1", IfMatch: doc.ETag, Body: strings.NewReader("A")}, sharing.Part{Length: 1, Total: -1})
	if check(t, err); !made.Whole {
		t.Fatalf("the phone made %+v", made)
	}
	phone.until("know alice", func(st sharing.State) bool { return !phone.friend(st, "alice").Pending })
	laptop.end()
	if _, body := alice.ask(sharing.Ask{Friend: "bob", App: "notes", Path: "1"}); body != "A"+big[1:] {
		t.Errorf("the phone answered %d octets", len(body))
	}
}

// TestAHomeThatIsLocked does nothing, and goes on after.
func TestAHomeThatIsLocked(t *testing.T) {
	d, ctx := newDevice(t, "alice"), t.Context()
	d.put("notes", "1", "text", nil)
	check(t, d.SetPassphrase(ctx, "", "horse battery"))
	events := d.Watch(ctx, "notes")
	check(t, d.Lock(ctx))
	_, _, err := d.Open(ctx, "notes", "1")
	wantKind(t, err, fault.Forbidden)
	wantKind(t, d.Unlock(ctx, "donkey battery"), fault.Forbidden)
	check(t, d.Unlock(ctx, "horse battery"))
	next(t, events, func(e sharing.Event) bool { return e == sharing.Event{App: "notes"} })
	if got := d.read("notes", "1"); got != "text" {
		t.Errorf("after it was unlocked there is %q", got)
	}
}

// TestAllDevicesHearOfFriends: what a friend says to one device, the others know
// too, so that none shows for long what is not so any more.
func TestAllDevicesHearOfFriends(t *testing.T) {
	t.Parallel()
	url, _ := startRelay(t, t.TempDir(), "127.0.0.1:0")
	alice, laptop, phone := newDevice(t, "alice", url), newDevice(t, "bob", url), newDevice(t, "phone", url)
	befriend(t, laptop, alice)
	link(t, laptop, phone)
	alice.put("notes", "1", "first", only("bob"))
	devices := []*device{laptop, phone}
	events := make([]<-chan sharing.Event, len(devices))
	for i, d := range devices {
		d.until("know alice", func(st sharing.State) bool { return !d.friend(st, "alice").Pending })
		if _, body := d.ask(sharing.Ask{Friend: "alice", App: "notes", Path: "1"}); body != "first" {
			t.Errorf("alice answered %q", body)
		}
		events[i] = d.Watch(t.Context(), "notes")
	}
	alice.put("notes", "1", "second", nil)
	for i, d := range devices {
		next(t, events[i], func(e sharing.Event) bool { return e.Friend != "" && e.Path == "" })
		if _, body := d.ask(sharing.Ask{Friend: "alice", App: "notes", Path: "1"}); body != "second" {
			t.Errorf("a device still shows %q", body)
		}
	}
	_, err := alice.Delete(t.Context(), "notes", "1")
	check(t, err)
	for i, d := range devices {
		next(t, events[i], func(e sharing.Event) bool { return e.Friend != "" && e.Path == "" })
		_, err := d.Ask(t.Context(), sharing.Ask{Friend: "alice", App: "notes", Path: "1", Wait: patience})
		wantKind(t, err, fault.NotFound)
	}
}

// TestBlockedAndNoMore: what a friend asked meanwhile is answered as if they had
// asked after.
func TestBlockedAndNoMore(t *testing.T) {
	t.Parallel()
	url, _ := startRelay(t, t.TempDir(), "127.0.0.1:0")
	alice, bob := newDevice(t, "alice", url), newDevice(t, "bob", url)
	befriend(t, alice, bob)
	bob.put("", "1", "text", only("alice"))
	for range 10 {
		yes, no := true, false
		_, err := bob.ChangeFriend(t.Context(), "alice", sharing.FriendChange{Blocked: &yes})
		check(t, err)
		waits, err := alice.Ask(t.Context(), sharing.Ask{Friend: "bob", Path: "/1", Fresh: true})
		check(t, err)
		if waits.Body != nil {
			check(t, waits.Body.Close())
		}
		_, err = bob.ChangeFriend(t.Context(), "alice", sharing.FriendChange{Blocked: &no})
		check(t, err)
		if _, body := alice.ask(sharing.Ask{Friend: "bob", Path: "/1", Fresh: true}); body != "text" {
			t.Errorf("one who is blocked no more got %q", body)
		}
	}
}
