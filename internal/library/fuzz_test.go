package library_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

// FuzzHandle gives a library messages of another device and of a friend.
func FuzzHandle(f *testing.F) {
	h := newHouse(f, 2)
	seeds := append([]letter(nil), h.waiting...)
	put(f, h.libs[0], "x", []byte("1"), library.PutOptions{})
	_, out := put(f, h.libs[0], "y", []byte("2"), library.PutOptions{Labels: []string{"a"}, Audience: to(library.Some, 1)})
	h.waiting = nil
	h.send(0, out)
	h.send(0, h.libs[0].Sync(relation(1, 2)))
	_, out, err := h.libs[0].Remove("", "x", false)
	if err != nil {
		f.Fatal(err)
	}
	h.send(0, out)
	for _, l := range append(seeds, h.waiting...) {
		f.Add(byte(l.m.Kind), []byte(l.m.Body))
	}
	f.Add(byte(seal.Purged), must[[]byte](f)(seal.Marshal(map[int]any{1: make([]byte, 16)})))
	f.Add(byte(seal.Reset), must[[]byte](f)(seal.Marshal(map[int]any{3: 0, 5: 1, 6: 1})))
	l := h.libs[1]
	put(f, l, "kept", []byte("1"), library.PutOptions{})
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		for _, from := range []seal.RelationID{relation(1, 2), id(1)} {
			if _, err := l.Handle(from, seal.Message{Kind: seal.MessageKind(kind), Body: body}); err == nil && from == id(1) && seal.MessageKind(kind) != seal.Purged {
				t.Errorf("a friend's message of kind %d was taken", kind)
			}
		}
		if _, err := l.List(library.ListOptions{}); err != nil {
			t.Error(err)
		}
	})
}

// FuzzAnswer asks for all kinds of paths.
func FuzzAnswer(f *testing.F) {
	l := open(f, f.TempDir(), newClock(), 1, quick)
	l.SetPeople(friends(1, 2))
	put(f, l, "secret", []byte("SECRET"), library.PutOptions{Audience: to(library.Some, 2), Labels: []string{"SECRET"}})
	put(f, l, "open", []byte("0123456789"), library.PutOptions{Audience: to(library.All)})
	for _, path := range []string{"/open", "/secret", "/", "/?since=x&after=open", "/.app/x/", "/.own/00", "//", "/%2e%2e/secret", "http://x/open"} {
		f.Add("GET", path, "bytes=1-3", `"x"`, int64(5))
	}
	f.Fuzz(func(t *testing.T, method, path, span, tag string, most int64) {
		for _, header := range []string{"if-match", "if-none-match"} {
			reply, err := l.Answer(context.Background(), id(1), seal.Friend, seal.Request{
				Method: method, Path: path, Most: most, Header: map[string]string{"range": span, header: tag},
			})
			if err != nil {
				t.Fatal(err)
			}
			if reply.Body == nil {
				continue
			}
			body, err := io.ReadAll(reply.Body)
			if err != nil || int64(len(body)) != reply.Size {
				t.Fatalf("%d octets of %d: %v", len(body), reply.Size, err)
			}
			if bytes.Contains(body, []byte("SECRET")) || bytes.Contains(body, []byte("secret")) {
				t.Fatalf("%s %s shows %q", method, path, body)
			}
		}
	})
}

// FuzzSafeName: whatever a path, its file's name is one that every system can have
// and that leads nowhere else.
func FuzzSafeName(f *testing.F) {
	for _, s := range []string{"a/b", "CON", "com1.txt", "a:b*?", "x. ", "%41", "lpt9", "..", "a\\..\\b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if library.CheckPath(path) != nil {
			return
		}
		name := library.SafeName(path)
		for i := range len(name) {
			if c := name[i]; c < ' ' || c == '\\' || c == ':' || c == '*' || c == '?' || c == '"' || c == '<' || c == '>' || c == '|' {
				t.Errorf("%q is written as %q", path, name)
			}
		}
		if library.CheckPath(name) != nil && len(name) <= 255 {
			t.Errorf("%q is written as %q", path, name)
		}
	})
}
