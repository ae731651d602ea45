package library_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

func friends(all ...byte) library.People {
	p := library.People{}
	for _, n := range all {
		p.Friends = append(p.Friends, library.Friend{Relation: id(n), All: true})
	}
	return p
}

// asked is a reply, read to its end.
type asked struct {
	status int
	head   map[string]string
	body   []byte
}

func ask(t testing.TB, l *library.Library, from byte, path string, head ...string) asked {
	t.Helper()
	r := seal.Request{Method: "GET", Path: path, Header: map[string]string{}}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header[head[i]] = head[i+1]
	}
	return request(t, l, from, r)
}

func request(t testing.TB, l *library.Library, from byte, r seal.Request) asked {
	t.Helper()
	reply, err := l.Answer(context.Background(), id(from), seal.Friend, r)
	if err != nil {
		t.Fatalf("%s: %v", r.Path, err)
	}
	a := asked{status: reply.Status, head: reply.Header}
	if reply.Body != nil {
		a.body, err = io.ReadAll(reply.Body)
		if err != nil || int64(len(a.body)) != reply.Size || reply.Body.Close() != nil {
			t.Fatalf("%s: %d octets of %d: %v", r.Path, len(a.body), reply.Size, err)
		}
	}
	return a
}

type listing struct {
	Items []struct {
		Path, Type, Etag string
		Size, Modified   int64
		Labels           []string
	}
	Cursor   string
	Complete bool
	Gone     []string
	Next     string
}

func list(t testing.TB, l *library.Library, from byte, path string) (x listing) {
	t.Helper()
	a := ask(t, l, from, path)
	if a.status != 200 || json.Unmarshal(a.body, &x) != nil {
		t.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	return x
}

func (x listing) paths() string {
	var all []string
	for _, i := range x.Items {
		all = append(all, i.Path)
	}
	return strings.Join(all, " ")
}

func TestAFriendSeesWhatIsForThem(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	l.SetPeople(library.People{Friends: []library.Friend{
		{Relation: id(1), All: true}, {Relation: id(2)}, {Relation: id(3), All: true, Blocked: true},
	}})
	h, _, err := l.SetList(library.ListHandle{}, "family", []seal.RelationID{id(2)})
	if err != nil {
		t.Fatal(err)
	}
	put(t, l, "mine", []byte("m"), library.PutOptions{})
	put(t, l, "all", []byte("a"), library.PutOptions{Audience: to(library.All)})
	put(t, l, "one", []byte("1"), library.PutOptions{Audience: to(library.Some, 1, 3)})
	put(t, l, "family", []byte("f"), library.PutOptions{Audience: &library.Audience{Reach: library.Some, Lists: []library.ListHandle{h}}})
	put(t, l, "board", []byte("g"), library.PutOptions{App: "chess", Audience: to(library.All)})
	for friend, want := range map[byte]string{1: "all one", 2: "family"} {
		if got := list(t, l, friend, "/").paths(); got != want {
			t.Errorf("friend %d sees %q, want %q", friend, got, want)
		}
	}
	if got := list(t, l, 1, "/.app/chess/").paths(); got != ".app/chess/board" {
		t.Errorf("the app's documents: %q", got)
	}
	if a := ask(t, l, 1, "/.app/chess/board"); string(a.body) != "g" {
		t.Errorf("the app's document: %d %s", a.status, a.body)
	}
	for _, from := range []byte{3, 9} {
		for _, path := range []string{"/", "/all", "/one"} {
			if a := ask(t, l, from, path); a.status != 404 {
				t.Errorf("%d asks for %s: %d", from, path, a.status)
			}
		}
	}
}

// TestForbiddenAndAbsentAreTheSame holds §5.3: what the asker may not see and what
// does not exist get the same octets.
func TestForbiddenAndAbsentAreTheSame(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	l.SetPeople(friends(1, 2))
	put(t, l, "secret", noise(100_000, 1), library.PutOptions{Audience: to(library.Some, 2)})
	if _, err := l.Records().Put(map[string][]byte{"roster": []byte("r")}, nil); err != nil {
		t.Fatal(err)
	}
	secret := must[library.Item](t)(l.Stat("", "secret"))
	for _, head := range [][]string{nil, {"range", "bytes=0-5"}, {"if-none-match", "*"}, {"if-match", "*"}} {
		absent := ask(t, l, 1, "/nothing", head...)
		if absent.status != 404 {
			t.Errorf("absent with %v: %d", head, absent.status)
		}
		for _, path := range []string{
			"/secret", "/secret~" + secret.Handle.String()[:8], "/.app/.person/roster", "/.own/" + secret.Handle.String(), "/.app/", "/.app//x",
		} {
			if strings.HasSuffix(path, "/") {
				continue
			}
			if got := ask(t, l, 1, path, head...); !reflect.DeepEqual(got, absent) {
				t.Errorf("%s with %v: %+v, absent is %+v", path, head, got, absent)
			}
		}
	}
	empty := ask(t, l, 1, "/no/such/folder/")
	for _, path := range []string{"/secret/", "/.app/.person/", "/.app/", "/.own/"} {
		got := ask(t, l, 1, path)
		if !bytes.Equal(got.body, empty.body) || got.status != empty.status {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

// TestForbiddenAndAbsentAreTheSameWork counts what can be counted of it.
func TestForbiddenAndAbsentAreTheSameWork(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1, quick)
	l.SetPeople(friends(1, 2))
	fill(t, l, 1000, func(int) *library.Audience { return to(library.Some, 2) })
	work := func(path string) float64 {
		return testing.AllocsPerRun(200, func() {
			reply, err := l.Answer(context.Background(), id(1), seal.Friend, seal.Request{Method: "GET", Path: path})
			if err != nil || reply.Status != 404 {
				t.Fatal(reply, err)
			}
		})
	}
	if a, b := work("/docs/7/file%207.txt"), work("/docs/7/file%206.txt"); a != b {
		t.Errorf("forbidden costs %v allocations, absent %v", a, b)
	}
}

func TestManyThatGoAtOnceAreToldAnew(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1, quick)
	l.SetPeople(friends(1))
	fill(t, l, 1000, func(int) *library.Audience { return to(library.All) })
	put(t, l, "x", nil, library.PutOptions{Audience: to(library.All)})
	cursor := list(t, l, 1, "/").Cursor
	if n, _, err := l.Remove("", "docs", true); n != 1000 || err != nil {
		t.Fatal(n, err)
	}
	if x := list(t, l, 1, "/?since="+cursor); !x.Complete || x.paths() != "x" {
		t.Errorf("%d items, complete: %v", len(x.Items), x.Complete)
	}
}

func TestConditionsAndRangesOfAnswers(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	l.SetPeople(friends(1, 2))
	content := noise(200_000, 1)
	put(t, l, "x", content, library.PutOptions{Type: "image/png", Audience: to(library.All)})
	a := ask(t, l, 1, "/x")
	tag := a.head["etag"]
	if a.status != 200 || !bytes.Equal(a.body, content) || a.head["content-type"] != "image/png" ||
		a.head["kith-lease"] != "604800" || a.head["cache-control"] != "private, max-age=300" {
		t.Errorf("x: %d %v", a.status, a.head)
	}
	if x := list(t, l, 1, "/"); len(x.Items) != 1 || x.Items[0].Etag != tag {
		t.Errorf("the list has %+v, the document %s", x.Items, tag)
	}
	if other := ask(t, l, 2, "/x").head["etag"]; other == tag || other == "" {
		t.Errorf("two friends were told the tags %s and %s", tag, other)
	}
	for _, c := range []struct {
		head   []string
		status int
		span   string
		from   int
		to     int
	}{
		{[]string{"if-none-match", tag}, 304, "", 0, 0},
		{[]string{"if-none-match", `"a", ` + tag}, 304, "", 0, 0},
		{[]string{"if-none-match", `"other"`}, 200, "", 0, 200_000},
		{[]string{"if-match", `"other"`}, 412, "", 0, 0},
		{[]string{"if-match", tag, "range", "bytes=0-0"}, 206, "bytes 0-0/200000", 0, 1},
		{[]string{"range", "bytes=65530-65540"}, 206, "bytes 65530-65540/200000", 65530, 65541},
		{[]string{"range", "bytes=199999-"}, 206, "bytes 199999-199999/200000", 199_999, 200_000},
		{[]string{"range", "bytes=-10"}, 206, "bytes 199990-199999/200000", 199_990, 200_000},
		{[]string{"range", "bytes=150000-900000"}, 206, "bytes 150000-199999/200000", 150_000, 200_000},
		{[]string{"range", "bytes=200000-"}, 416, "bytes */200000", 0, 0},
		{[]string{"range", "bytes=5-1"}, 200, "", 0, 200_000},
		{[]string{"range", "bytes=0-1,5-6"}, 200, "", 0, 200_000},
		{[]string{"range", "lines=1"}, 200, "", 0, 200_000},
		{[]string{"range", "bytes=99999999999999999999-"}, 200, "", 0, 200_000},
	} {
		a := ask(t, l, 1, "/x", c.head...)
		if a.status != c.status || a.head["content-range"] != c.span || !bytes.Equal(a.body, content[c.from:c.to]) {
			t.Errorf("%v: %d, %q, %d octets", c.head, a.status, a.head["content-range"], len(a.body))
		}
	}
	if a := request(t, l, 1, seal.Request{Method: "HEAD", Path: "/x"}); a.status != 200 || a.body != nil || a.head["content-length"] != "200000" {
		t.Errorf("HEAD: %d %v", a.status, a.head)
	}
	if a := request(t, l, 1, seal.Request{Method: "GET", Path: "/x", Most: 1000}); a.status != 206 || a.head["content-range"] != "bytes 0-999/200000" {
		t.Errorf("at most 1000: %d %v", a.status, a.head)
	}
	if a := request(t, l, 1, seal.Request{Method: "POST", Path: "/x"}); a.status != 405 {
		t.Errorf("POST: %d", a.status)
	}
}

// TestChangesSinceACursor follows one friend through what happens to a library.
func TestChangesSinceACursor(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, dir, c, 1)
	p := friends(1, 2)
	l.SetPeople(p)
	for _, path := range []string{"a", "b", "c", "d/1", "d/2"} {
		put(t, l, path, []byte(path), library.PutOptions{Audience: to(library.All)})
	}
	put(t, l, "other", []byte("o"), library.PutOptions{Audience: to(library.Some, 2)})
	first := list(t, l, 1, "/")
	if first.paths() != "a b c d/1 d/2" || first.Complete || first.Gone != nil {
		t.Fatalf("first: %+v", first)
	}
	since := func(cursor string) listing { t.Helper(); return list(t, l, 1, "/?since="+cursor) }
	// What is not for the friend leaves no trace, not even in the cursor.
	put(t, l, "other", []byte("p"), library.PutOptions{})
	put(t, l, "more", []byte("p"), library.PutOptions{})
	if x := since(first.Cursor); x.Cursor != first.Cursor || x.paths() != "" || len(x.Gone) != 0 || x.Complete {
		t.Errorf("nothing for them: %+v, cursor was %s", x, first.Cursor)
	}
	put(t, l, "a", []byte("A"), library.PutOptions{})
	if _, _, err := l.Remove("", "b", false); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Share("", "c", false, library.Audience{}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Move("", "d/1", "d/3"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // an answer may be lost: the same question has the same answer
		if x := since(first.Cursor); x.paths() != "a d/3" || strings.Join(x.Gone, " ") != "b c d/1" || x.Complete {
			t.Errorf("changes: %+v", x)
		}
	}
	if x := list(t, l, 1, "/d/?since="+first.Cursor); x.paths() != "d/3" || strings.Join(x.Gone, " ") != "d/1" {
		t.Errorf("changes of d: %+v", x)
	}
	second := since(first.Cursor)
	_ = l.Close()
	l = open(t, dir, c, 1, func(o *library.Options) { o.Rand = seed(77) })
	l.SetPeople(p)
	if x := since(second.Cursor); x.paths() != "" || len(x.Gone) != 0 || x.Complete || x.Cursor != second.Cursor {
		t.Errorf("after a restart: %+v", x)
	}
	for _, bad := range []string{"", "x", "AAAAAAAAAAAAAAAAAAAAAA", list(t, l, 2, "/").Cursor} {
		if x := since(bad); !x.Complete || x.paths() != "a d/2 d/3" {
			t.Errorf("cursor %q: %+v", bad, x)
		}
	}
	// Somebody who did not ask for long is told everything.
	if _, _, err := l.Remove("", "a", false); err != nil {
		t.Fatal(err)
	}
	c.advance(8 * 24 * time.Hour)
	if _, err := l.Tick(); err != nil {
		t.Fatal(err)
	}
	if x := since(second.Cursor); !x.Complete || x.paths() != "d/2 d/3" {
		t.Errorf("late: %+v", x)
	}
}

// TestAChangedStandingTellsEverything: lists and verification decide what is seen
// without any document having changed.
func TestAChangedStandingTellsEverything(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	l.SetPeople(library.People{Friends: []library.Friend{{Relation: id(1)}}})
	h, _, err := l.SetList(library.ListHandle{}, "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	put(t, l, "a", nil, library.PutOptions{Audience: to(library.All)})
	put(t, l, "b", nil, library.PutOptions{Audience: &library.Audience{Reach: library.Some, Lists: []library.ListHandle{h}}})
	cursor := list(t, l, 1, "/").Cursor
	out := l.SetPeople(friends(1))
	if count(out, seal.Changed, id(1)) != 1 {
		t.Errorf("verified, and told %v", out)
	}
	x := list(t, l, 1, "/?since="+cursor)
	if !x.Complete || x.paths() != "a" {
		t.Errorf("verified: %+v", x)
	}
	_, out, err = l.SetList(h, "x", []seal.RelationID{id(1)})
	if err != nil || count(out, seal.Changed, id(1)) == 0 {
		t.Errorf("in the list, and told %v, %v", out, err)
	}
	if x = list(t, l, 1, "/?since="+x.Cursor); !x.Complete || x.paths() != "a b" {
		t.Errorf("in the list: %+v", x)
	}
	// Out of it again, after having been sent the document: it is to be purged.
	ask(t, l, 1, "/b")
	_, out, err = l.SetList(h, "x", nil)
	if err != nil || count(out, seal.Purge, id(1)) != 1 || count(out, seal.Changed, id(1)) == 0 {
		t.Errorf("out of the list, and told %v, %v", out, err)
	}
	if a := ask(t, l, 1, "/b"); a.status != 404 {
		t.Errorf("out of the list: %d", a.status)
	}
}

func TestWhoIsToldOfAChange(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	l.SetPeople(library.People{
		Friends: friends(1, 2, 3).Friends, Devices: []library.Device{{Relation: id(9), ID: deviceID(9)}},
	})
	_, out := put(t, l, "a", []byte("1"), library.PutOptions{Audience: to(library.Some, 1)})
	tell := func(want ...int) {
		t.Helper()
		for i, n := range want {
			if got := count(out, seal.Changed, id(byte(i+1))); got != n {
				t.Errorf("friend %d is told %d times, want %d", i+1, got, n)
			}
		}
		if got := count(out, seal.Items, id(9)); got != 1 {
			t.Errorf("the other device is told %d times", got)
		}
	}
	tell(1, 0, 0)
	_, out, _ = l.Share("", "a", false, *to(library.Some, 2))
	tell(1, 1, 0)
	_, out = put(t, l, "a", []byte("2"), library.PutOptions{})
	tell(0, 1, 0)
	_, out, _ = l.Widen("", "a", false, *to(library.Some, 3), library.Audience{})
	tell(0, 1, 1)
	_, out, _ = l.Remove("", "a", false)
	tell(0, 1, 1)
	_, out = put(t, l, "a", []byte("2"), library.PutOptions{})
	tell(0, 0, 0)
}

func TestLongListingsHavePages(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1, quick)
	l.SetPeople(friends(1))
	fill(t, l, 500, func(int) *library.Audience { return to(library.All) })
	seen, after, pages := map[string]bool{}, "", 0
	for {
		a := request(t, l, 1, seal.Request{Method: "GET", Path: "/docs/?after=" + after, Most: 10_000})
		var x listing
		if err := json.Unmarshal(a.body, &x); err != nil || len(a.body) > 10_000 {
			t.Fatalf("%d octets, %v", len(a.body), err)
		}
		for _, i := range x.Items {
			seen[i.Path] = true
		}
		pages++
		if x.Next == "" {
			break
		}
		after = strings.ReplaceAll(x.Next, " ", "%20")
	}
	if len(seen) != 500 || pages < 5 {
		t.Errorf("%d documents on %d pages", len(seen), pages)
	}
}

func TestOwnDevicesGetBodies(t *testing.T) {
	h := newHouse(t, 2)
	content := noise(300_000, 3)
	item, out := put(t, h.libs[0], "big", content, library.PutOptions{})
	h.send(0, out)
	h.calm()
	_, _, err := h.libs[1].Get("", "big")
	wantKind(t, err, fault.Unreachable)
	if w := h.libs[1].Wanted(0); len(w) != 0 {
		t.Errorf("at most none: %v", w)
	}
	if w := h.libs[1].Wanted(10); len(w) != 1 || w[0].Handle != item.Handle {
		t.Fatalf("wanted: %v", w)
	}
	a := &asker{h: h, from: 1, cut: 100_000}
	if err := h.libs[1].Fetch(context.Background(), a, item.Handle); err == nil {
		t.Error("a body that was cut was taken")
	}
	h.reopen(1) // what came is kept
	a.cut = 0
	if err := h.libs[1].Fetch(context.Background(), a, item.Handle); err != nil {
		t.Fatal(err)
	}
	if got := read(t, h.libs[1], "big"); !bytes.Equal(got, content) {
		t.Error("the body is another")
	}
	if a.last != "bytes=65536-299999" {
		t.Errorf("went on with %s", a.last)
	}
	if reply, err := h.libs[0].Answer(context.Background(), id(1), seal.Friend, seal.Request{Method: "GET", Path: "/.own/" + item.Handle.String()}); err != nil || reply.Status != 404 {
		t.Errorf("a friend asks as if it were a device: %v, %v", reply, err)
	}
	h.reopen(1)
	if got := read(t, h.libs[1], "big"); !bytes.Equal(got, content) {
		t.Error("after a restart the body is another")
	}
}

// asker asks another device of a house by a call.
type asker struct {
	h    *house
	from int
	cut  int64 // octets after which the connection breaks
	last string
}

func (a *asker) Ask(ctx context.Context, to seal.RelationID, r seal.Request) (*seal.Reply, error) {
	a.last = r.Header["range"]
	for i, name := range a.h.names {
		if i != a.from && relation(a.h.names[a.from], name) == to {
			reply, err := a.h.libs[i].Answer(ctx, to, seal.OwnDevice, r)
			if err == nil && a.cut > 0 && reply.Body != nil {
				reply.Body = struct {
					io.Reader
					io.Closer
				}{io.MultiReader(io.LimitReader(reply.Body, a.cut), &failing{}), reply.Body}
			}
			return reply, err
		}
	}
	return nil, fmt.Errorf("no device %x", to)
}

func TestADeviceKeepsWhatItIsToldTo(t *testing.T) {
	h := newHouse(t, 2)
	recent := open(t, t.TempDir(), h.clock, 7, quick, func(o *library.Options) {
		o.Holds = library.Holds{Apps: []string{""}, Recent: 24 * time.Hour}
	})
	h.libs[1], h.names[1] = recent, 7
	for i := range h.libs {
		h.send(i, h.libs[i].SetPeople(h.people(i)))
	}
	h.calm()
	item, out := put(t, h.libs[0], "big", noise(10_000, 3), library.PutOptions{})
	h.send(0, out)
	_, out = put(t, h.libs[0], "game", noise(10_000, 4), library.PutOptions{App: "chess"})
	h.send(0, out)
	h.calm()
	if w := recent.Wanted(10); len(w) != 1 || w[0].Handle != item.Handle {
		t.Fatalf("wanted: %+v", w)
	}
	if err := recent.Fetch(context.Background(), &asker{h: h, from: 1}, item.Handle); err != nil {
		t.Fatal(err)
	}
	put(t, recent, "own", noise(10_000, 5), library.PutOptions{})
	h.clock.advance(23 * time.Hour)
	tick(t, recent)
	read(t, recent, "big")
	h.clock.advance(23 * time.Hour)
	tick(t, recent)
	if x := must[library.Item](t)(recent.Stat("", "big")); !x.Here {
		t.Log("use is noted by the day")
	}
	h.clock.advance(48 * time.Hour)
	tick(t, recent)
	if x := must[library.Item](t)(recent.Stat("", "big")); x.Here {
		t.Error("a body that nobody used is still here")
	}
	if x := must[library.Item](t)(recent.Stat("", "own")); !x.Here {
		t.Error("a body that was written here is gone")
	}
}

func tick(t testing.TB, l *library.Library) []seal.Outgoing {
	t.Helper()
	out, err := l.Tick()
	if err != nil {
		t.Fatal(err)
	}
	return out
}
