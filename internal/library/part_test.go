package library_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
)

// putPart writes content[from:to] of a document of so many octets.
func putPart(l *library.Library, path string, content []byte, from, to, total int, o library.PutOptions) (library.Parts, error) {
	p := library.Part{From: int64(from), Length: int64(to - from), Total: int64(total)}
	parts, _, err := l.PutPart(context.Background(), path, bytes.NewReader(content[from:to]), p, o)
	return parts, err
}

func wantParts(t *testing.T, got library.Parts, err error, whole bool, have int) {
	t.Helper()
	if err != nil || got.Whole != whole || got.Have != int64(have) {
		t.Fatalf("%+v, %v; want %d octets, whole %v", got, err, have, whole)
	}
}

func TestADocumentInPartsIsSeenWhenItIsWhole(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, dir, c, 1)
	for _, size := range []int{0, 1, 4096, 4097, 200_000} {
		content, path := noise(size, 7), "videos/a"
		old, _ := put(t, l, path, []byte("what was there"), library.PutOptions{})
		for at := 0; at < size; at += 70_000 {
			end := min(at+70_000, size)
			got, err := putPart(l, path, content, at, end, -1, library.PutOptions{Type: "video/webm"})
			wantParts(t, got, err, false, end)
		}
		if now, err := l.Stat("", path); err != nil || now.Revision != old.Revision {
			t.Fatalf("before it is whole there is %+v, %v", now, err)
		}
		got, err := putPart(l, path, content, size, size, size, library.PutOptions{Type: "video/webm"})
		wantParts(t, got, err, true, size)
		if !bytes.Equal(read(t, l, path), content) || got.Item.Type != "video/webm" {
			t.Errorf("%d octets in parts are not what was sent, or %q", size, got.Item.Type)
		}
		_, err = l.Draft("", path)
		wantKind(t, err, fault.NotFound)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, open(t, dir, c, 1), "videos/a"); !bytes.Equal(got, noise(200_000, 7)) {
		t.Error("after a start the document is another")
	}
}

// TestADraftGoesOn: after a part that broke off, that came twice, and after the
// process ended, clean or not.
func TestADraftGoesOn(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, dir, c, 1)
	content, none := noise(300_000, 3), library.PutOptions{}
	got, err := putPart(l, "x", content, 0, 100_000, len(content), none)
	wantParts(t, got, err, false, 100_000)

	broken := io.MultiReader(bytes.NewReader(content[100_000:150_000]), &brokenOff{io.ErrUnexpectedEOF})
	got, _, err = l.PutPart(t.Context(), "x", broken, library.Part{From: 100_000, Length: 100_000, Total: -1}, none)
	wantKind(t, err, fault.Invalid)
	if got.Have != 150_000 || got.Total != 300_000 {
		t.Fatalf("a part that broke off left %+v", got)
	}
	got, err = putPart(l, "x", content, 100_000, 200_000, 300_000, none)
	wantParts(t, got, err, false, 200_000)
	got, err = putPart(l, "x", content, 250_000, 300_000, 300_000, none)
	wantKind(t, err, fault.Conflict)
	if got.Have != 200_000 {
		t.Errorf("octets are missing: %+v", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, c, 1)
	got, err = l.Draft("", "x")
	if err != nil || got.Have < 131_072 || got.Have > 200_000 || got.Total != 300_000 {
		t.Fatalf("after a start there is %+v, %v", got, err)
	}
	got, err = putPart(l, "x", content, int(got.Have), 300_000, 300_000, none)
	wantParts(t, got, err, true, 300_000)
	if !bytes.Equal(read(t, l, "x"), content) {
		t.Error("what went on is not what was sent")
	}
}

type brokenOff struct{ err error }

func (f *brokenOff) Read([]byte) (int, error) { return 0, f.err }

func TestPartsInTheWrongPlace(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1, func(o *library.Options) { o.MostDrafts = 2 })
	content, none := noise(10_000, 3), library.PutOptions{}
	_, err := putPart(l, "x", content, 5000, 6000, 10_000, none)
	wantKind(t, err, fault.Conflict)
	for _, p := range []library.Part{{From: -1, Length: 1, Total: 2}, {From: 1, Length: -1, Total: 2}, {From: 1, Length: 2, Total: 2}, {From: 1<<63 - 1, Length: 2, Total: -1}} {
		_, _, err := l.PutPart(t.Context(), "x", bytes.NewReader(content), p, none)
		wantKind(t, err, fault.Invalid)
	}
	if _, err := putPart(l, "x", content, 0, 5000, 10_000, none); err != nil {
		t.Fatal(err)
	}
	_, err = putPart(l, "x", content, 4000, 4000, 4000, none)
	wantKind(t, err, fault.Conflict)
	other := noise(10_000, 9)
	got, err := putPart(l, "x", other, 0, 6000, 10_000, none)
	wantParts(t, got, err, false, 6000)
	got, err = putPart(l, "x", other, 6000, 10_000, 10_000, none)
	wantParts(t, got, err, true, 10_000)
	if !bytes.Equal(read(t, l, "x"), other) {
		t.Error("the first part did not begin anew")
	}
	for _, path := range []string{"a", "b", "c"} { // one more than there may be
		if _, err := putPart(l, path, content, 0, 10, 20, library.PutOptions{App: "notes"}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = l.Draft("notes", "a")
	wantKind(t, err, fault.NotFound)
	if _, err := l.Draft("notes", "c"); err != nil || l.DropDraft("notes", "c") != nil {
		t.Error(err)
	}
	wantKind(t, l.DropDraft("notes", "c"), fault.NotFound)
}

func TestPartsUnderConditions(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	content := noise(10_000, 3)
	if _, err := putPart(l, "x", content, 0, 5000, 10_000, library.PutOptions{IfNoneMatch: "*"}); err != nil {
		t.Fatal(err)
	}
	put(t, l, "x", []byte("meanwhile"), library.PutOptions{})
	_, err := putPart(l, "x", content, 5000, 10_000, 10_000, library.PutOptions{IfNoneMatch: "*"})
	wantKind(t, err, fault.Conflict)
	if got := read(t, l, "x"); string(got) != "meanwhile" {
		t.Errorf("what came meanwhile is %q", got)
	}
	got, err := putPart(l, "x", content, 5000, 10_000, 10_000, library.PutOptions{IfMatch: "*"})
	wantParts(t, got, err, true, 10_000)
}

// TestOctetsOfADocumentAreReplaced: the size stays, the version is another.
func TestOctetsOfADocumentAreReplaced(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	for _, size := range []int{11, 4096, 4097, 200_000} {
		content := noise(size, 5)
		item, _ := put(t, l, "x", content, library.PutOptions{Type: "text/x", Labels: []string{"kept"}})
		for _, span := range [][2]int{{0, 3}, {size - 3, size}, {4, 8}, {5, 5}, {0, size}} {
			want := slices.Concat(content[:span[0]], noise(span[1]-span[0], 8), content[span[1]:])
			total := -1
			if span[0] == 4 {
				total = size
			}
			before := item.Tag()
			got, err := putPart(l, "x", want, span[0], span[1], total, library.PutOptions{IfMatch: before})
			wantParts(t, got, err, true, size)
			if content, item = want, got.Item; item.Tag() == before || item.Type != "text/x" || strings.Join(item.Labels, "") != "kept" {
				t.Errorf("the new version is %+v", item)
			}
			if !bytes.Equal(read(t, l, "x"), want) {
				t.Fatalf("%d octets at %v: not what was replaced", size, span)
			}
			_, err = putPart(l, "x", want, 0, 1, size, library.PutOptions{IfMatch: before})
			wantKind(t, err, fault.Conflict)
		}
		_, err := putPart(l, "x", make([]byte, size+1), size, size+1, -1, library.PutOptions{IfMatch: item.Tag()})
		wantKind(t, err, fault.Invalid)
		short := library.Part{From: 0, Length: 5, Total: -1}
		_, _, err = l.PutPart(t.Context(), "x", strings.NewReader("1234"), short, library.PutOptions{IfMatch: item.Tag()})
		wantKind(t, err, fault.Invalid)
		if !bytes.Equal(read(t, l, "x"), content) {
			t.Error("a part that was too short changed the document")
		}
	}
}

// TestDraftsLeaveNothing: neither one that was given up, nor one that became a
// document that is deleted then.
func TestDraftsLeaveNothing(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, dir, c, 1)
	content, none := noise(100_000, 3), library.PutOptions{}
	for _, part := range [][2]int{{0, 70_000}, {70_000, 100_000}} {
		if _, err := putPart(l, "whole", content, part[0], part[1], len(content), none); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := putPart(l, "begun", content, 0, 70_000, len(content), none); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Remove("", "whole", false); err != nil {
		t.Fatal(err)
	}
	c.advance(25 * time.Hour)
	if _, err := l.Tick(); err != nil {
		t.Fatal(err)
	}
	_, err := l.Draft("", "begun")
	wantKind(t, err, fault.NotFound)
	if left := must[[]string](t)(filepath.Glob(filepath.Join(dir, "bodies", "*", "*"))); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
	keys := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "library.keys")))
	if len(bytes.Trim(keys, "\x00")) != 0 {
		t.Error("keys are left")
	}
}

// TestWhatBrokeOffIsNoDocument: a body that ends where it should not is none.
func TestWhatBrokeOffIsNoDocument(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	for _, size := range []int{0, 10, 4096, 5000, 100_000} {
		_, _, err := l.Put(t.Context(), "x", io.MultiReader(bytes.NewReader(noise(size, 1)), &brokenOff{io.ErrUnexpectedEOF}), library.PutOptions{})
		wantKind(t, err, fault.Invalid)
		if _, err := l.Stat("", "x"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%d octets of a body that broke off became a document", size)
		}
	}
}

// TestWatchersAreToldWhatIsThere: versions by their tags, and what is not there
// any more, moved and doubled paths included.
func TestWatchersAreToldWhatIsThere(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	seen := map[string]string{}
	end := l.Watch(func(e library.Event) { seen[e.App+":"+e.Path] = e.Tag })
	defer end()
	item, _ := put(t, l, "a/1", []byte("1"), library.PutOptions{App: "notes"})
	if seen["notes:a/1"] != item.Tag() {
		t.Errorf("told %v, not %s", seen, item.Tag())
	}
	if _, err := l.Move("notes", "a/1", "b/1"); err != nil {
		t.Fatal(err)
	}
	now := must[library.Item](t)(l.Stat("notes", "b/1"))
	if tag, told := seen["notes:a/1"]; !told || tag != "" || seen["notes:b/1"] != now.Tag() {
		t.Errorf("after a move told %v", seen)
	}
	if _, _, err := l.Remove("notes", "b/", true); err != nil {
		t.Fatal(err)
	}
	if tag := seen["notes:b/1"]; tag != "" {
		t.Errorf("after the removal told %v", seen)
	}
}
