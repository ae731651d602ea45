package sharing_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

func (d *device) put(app, path, body string, to *sharing.Audience) sharing.Document {
	d.t.Helper()
	doc, err := d.Put(d.t.Context(), sharing.Put{App: app, Path: path, Body: strings.NewReader(body), Audience: to})
	check(d.t, err)
	return doc
}

func (d *device) read(app, path string) string {
	d.t.Helper()
	_, body, err := d.Open(d.t.Context(), app, path)
	check(d.t, err)
	return content(d.t, body)
}

func paths(docs []sharing.Document) string {
	var all []string
	for _, d := range docs {
		all = append(all, d.Path)
	}
	return strings.Join(all, " ")
}

// TestDocumentsOfAnApp: what an app does with its own, and sees of no other's.
func TestDocumentsOfAnApp(t *testing.T) {
	d, ctx := newDevice(t, "alice"), t.Context()
	d.put("", "a/1", "mine", nil)
	for _, path := range []string{"a/1", "a/2", "a/b/3", "c"} {
		d.put("notes", path, "of the app: "+path, nil)
	}
	if got := d.read("notes", "a/1"); got != "of the app: a/1" {
		t.Errorf("the app reads %q", got)
	}
	if got := d.read("", "a/1"); got != "mine" {
		t.Errorf("beside the app there is %q", got)
	}
	for want, p := range map[string]sharing.Page{
		"a/1 a/2 a/b/3 c": {App: "notes"}, "a/1 a/2 a/b/3": {App: "notes", Folder: "a/"}, "a/1": {App: "notes", Most: 1},
		"a/b/3 c": {App: "notes", After: "a/2"}, "": {App: "other"},
	} {
		docs, err := d.List(ctx, p)
		if check(t, err); paths(docs) != want {
			t.Errorf("%+v lists %q, want %q", p, paths(docs), want)
		}
	}
	doc, body, err := d.Open(ctx, "notes", "c")
	check(t, err)
	_, err = body.Seek(3, io.SeekStart)
	check(t, err)
	if got := content(t, body); got != "the app: c" || doc.Size != int64(len("of the app: c")) || doc.App != "notes" {
		t.Errorf("from 3 there is %q of %+v", got, doc)
	}
	_, err = d.DeleteIf(ctx, "notes", "c", `"other"`)
	wantKind(t, err, fault.Conflict)
	_, err = d.DeleteIf(ctx, "notes", "c", doc.ETag)
	check(t, err)
	gone, err := d.Delete(ctx, "notes", "a/")
	if check(t, err); gone.Documents != 3 {
		t.Errorf("the folder had %d documents", gone.Documents)
	}
	if docs, err := d.List(ctx, sharing.Page{}); err != nil || paths(docs) != "a/1" {
		t.Errorf("what is left is %q, %v", paths(docs), err)
	}
}

// TestPartsOfADocument: as an app sends them, over an end of the home.
func TestPartsOfADocument(t *testing.T) {
	d, ctx := newDevice(t, "alice"), t.Context()
	all := strings.Repeat("0123456789", 20_000)
	part := func(from, to, total int, match string) (sharing.Parts, error) {
		return d.PutPart(ctx, sharing.Put{App: "notes", Path: "film", Type: "video/x", IfMatch: match, Body: strings.NewReader(all[from:to])},
			sharing.Part{From: int64(from), Length: int64(to - from), Total: int64(total)})
	}
	got, err := part(0, 150_000, -1, "")
	if check(t, err); got.Whole || got.Have != 150_000 || got.Total != -1 {
		t.Fatalf("after a part: %+v", got)
	}
	d.end()
	d.start()
	_, _, err = d.Open(ctx, "notes", "film")
	wantKind(t, err, fault.NotFound)
	got, err = d.Draft(ctx, "notes", "film")
	if check(t, err); got.Have == 0 || got.Have > 150_000 {
		t.Fatalf("after a start: %+v", got)
	}
	again, err := part(180_000, 200_000, 200_000, "")
	wantKind(t, err, fault.Conflict)
	if again.Have != got.Have {
		t.Errorf("a part behind a hole says %+v, not %d", again, got.Have)
	}
	got, err = part(int(got.Have), 200_000, 200_000, "")
	if check(t, err); !got.Whole || got.Document.Size != 200_000 || got.Document.Type != "video/x" || d.read("notes", "film") != all {
		t.Fatalf("the whole is %+v", got)
	}
	all = strings.Replace(all, "0123456789", "abcdefghij", 1)
	before := got.Document.ETag
	got, err = part(2, 12, 200_000, before)
	if check(t, err); !got.Whole || got.Document.ETag == before || d.read("notes", "film") != "01cdefghij01"[:10]+all[10:] {
		t.Errorf("octets replaced: %+v", got)
	}
	_, err = part(2, 12, 200_000, before)
	wantKind(t, err, fault.Conflict)
	wantKind(t, d.DropDraft(ctx, "notes", "film"), fault.NotFound)
}

// TestWhoWatches an app is told of its documents and of no other's, and, when that
// was too slow, to look again.
func TestWhoWatches(t *testing.T) {
	d := newDevice(t, "alice")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	events := d.Watch(ctx, "notes")
	d.put("other", "x", "1", nil)
	doc := d.put("notes", "x", "1", nil)
	is := func(want sharing.Event) func(sharing.Event) bool {
		return func(e sharing.Event) bool {
			if e.Path != "" && e.App != "notes" {
				t.Errorf("told of another app: %+v", e)
			}
			return e == want
		}
	}
	next(t, events, is(sharing.Event{App: "notes", Path: "x", ETag: doc.ETag}))
	_, err := d.Delete(ctx, "notes", "x")
	check(t, err)
	next(t, events, is(sharing.Event{App: "notes", Path: "x", Deleted: true}))
	for i := range 600 { // nobody takes them
		d.put("notes", "many/"+strings.Repeat("x", 1+i%200), strings.Repeat("y", i), nil)
	}
	next(t, events, is(sharing.Event{App: "notes"}))
	stop()
	for range events { //nolint:revive // until it is closed
	}
}
