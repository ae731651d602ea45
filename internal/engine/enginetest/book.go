package enginetest

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // BEP 3 verifies pieces by SHA-1
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/kith-web/kith/internal/engine"
)

// book is an index read by code that no engine shares: how to verify each
// piece, and which bytes of which pieces a file is made of.
type book struct {
	swarm   [20]byte
	verify  []func([]byte) bool
	content func(i int, data []byte) []byte // of a piece, without what wraps it
	files   map[string][]span
}

// span is a run of bytes of one piece's content; to is -1 for its end.
type span struct{ piece, from, to int }

// openBook reads an index.
func openBook(x engine.Index) (book, error) {
	switch x.Kind {
	case engine.IndexTorrent:
		return openTorrent(x.Data)
	case engine.IndexIPFS:
		return openSkeleton(x.Data)
	}
	return openManifest(x.Data) // of engine memory
}

// check demands that pieces amount to files, and to no others.
func (b book) check(t *testing.T, pieces [][]byte, files map[string][]byte) {
	t.Helper()
	if len(b.files) != len(files) {
		t.Errorf("the index lists %d files, not %d", len(b.files), len(files))
	}
	for name, want := range files {
		spans, ok := b.files[name]
		if !ok {
			t.Errorf("the index does not list %q", name)
		}
		var got []byte
		for _, s := range spans {
			data := b.content(s.piece, pieces[s.piece])
			if s.to < 0 {
				s.to = len(data)
			}
			got = append(got, data[s.from:s.to]...)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("the pieces of %q amount to %d bytes that are not its %d", name, len(got), len(want))
		}
	}
}

// inside returns a piece that holds nothing but bytes of the file called name.
func (b book) inside(t *testing.T, name string) int {
	t.Helper()
	spans := b.files[name]
	if len(spans) < 3 {
		t.Fatalf("%q is made of %d pieces", name, len(spans))
	}
	return spans[len(spans)/2].piece
}

func asIs(_ int, data []byte) []byte { return data }

// openManifest reads the index of engine memory.
func openManifest(data []byte) (book, error) {
	var m struct {
		Files []struct {
			Path   string
			Pieces []string
		}
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return book{}, err
	}
	sum := sha256.Sum256(data)
	b := book{swarm: [20]byte(sum[:20]), content: asIs, files: map[string][]span{}}
	for _, f := range m.Files {
		b.files[f.Path] = nil
		for _, want := range f.Pieces {
			b.files[f.Path] = append(b.files[f.Path], span{len(b.verify), 0, -1})
			b.verify = append(b.verify, func(p []byte) bool {
				sum := sha256.Sum256(p)
				return hex.EncodeToString(sum[:]) == want
			})
		}
	}
	return b, nil
}

// openTorrent reads an info dictionary (BEP 3, BEP 47).
func openTorrent(data []byte) (book, error) {
	v, rest, err := bencoded(data)
	if err != nil || len(rest) > 0 {
		return book{}, errors.Join(err, fmt.Errorf("%d octets behind the end", len(rest)))
	}
	info, _ := v.(map[string]any)
	length, _ := info["piece length"].(int)
	hashes, _ := info["pieces"].(string)
	if length <= 0 || len(hashes)%sha1.Size != 0 {
		return book{}, fmt.Errorf("pieces of %d, %d octets of hashes", length, len(hashes))
	}
	b := book{swarm: sha1.Sum(data), content: asIs, files: map[string][]span{}} //nolint:gosec // BEP 3
	for i := 0; i < len(hashes); i += sha1.Size {
		want := [sha1.Size]byte([]byte(hashes[i:]))
		b.verify = append(b.verify, func(p []byte) bool { return sha1.Sum(p) == want }) //nolint:gosec // BEP 3
	}
	list, _ := info["files"].([]any)
	if list == nil {
		list = []any{map[string]any{"length": info["length"], "path": []any{info["name"]}}}
	}
	at := 0
	for _, f := range list {
		f, _ := f.(map[string]any)
		size, _ := f["length"].(int)
		path, _ := f["path"].([]any)
		name := fmt.Sprint(path[0])
		for _, part := range path[1:] {
			name += "/" + fmt.Sprint(part)
		}
		if attr, _ := f["attr"].(string); attr != "p" {
			b.files[name] = run(at, size, length)
		}
		at += size
	}
	return b, nil
}

// run is the spans of the octets from at on, in pieces of one length.
func run(at, size, length int) (out []span) {
	for size > 0 {
		n := min(size, length-at%length)
		out = append(out, span{at / length, at % length, at%length + n})
		at, size = at+n, size-n
	}
	return out
}

// bencoded reads one value.
func bencoded(b []byte) (v any, rest []byte, err error) {
	if len(b) == 0 {
		return nil, nil, errors.New("bencode ends in the middle")
	}
	switch kind := b[0]; kind {
	case 'i':
		var n int
		end := bytes.IndexByte(b, 'e')
		_, err := fmt.Sscan(string(b[1:max(end, 1)]), &n)
		return n, b[end+1:], err
	case 'l', 'd':
		var list []any
		for b = b[1:]; len(b) > 0 && b[0] != 'e'; list = append(list, v) {
			if v, b, err = bencoded(b); err != nil {
				return nil, nil, err
			}
		}
		if len(b) == 0 || kind == 'd' && len(list)%2 != 0 {
			return nil, nil, errors.New("bencode ends in the middle")
		}
		if kind == 'l' {
			return list, b[1:], nil
		}
		dict := map[string]any{}
		for i := 0; i < len(list); i += 2 {
			dict[fmt.Sprint(list[i])] = list[i+1]
		}
		return dict, b[1:], nil
	}
	var n int
	colon := bytes.IndexByte(b, ':')
	if _, err := fmt.Sscan(string(b[:max(colon, 0)]), &n); err != nil || n > len(b)-colon-1 {
		return nil, nil, fmt.Errorf("a string of %d octets: %w", n, err)
	}
	b = b[colon+1:]
	return string(b[:n]), b[n:], nil
}
