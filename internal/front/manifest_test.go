package front_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/front"
)

var update = flag.Bool("update", false, "write spec/vectors/front.json")

// vectors is spec/vectors/front.json.
type vectors struct {
	Now       int64    `json:"now"`
	Key       []byte   `json:"key"`
	Documents []vector `json:"documents"`
}

type vector struct {
	Name     string `json:"name"`
	Document []byte `json:"document"`
	// Refused says why, for a document that is refused; the rest is then absent.
	Refused  string       `json:"refused,omitempty"`
	Swarm    string       `json:"swarm,omitempty"`
	Sequence int64        `json:"sequence,omitempty"`
	Bytes    int64        `json:"bytes,omitempty"`
	Files    []vectorFile `json:"files,omitempty"`
	// Pieces are the octets of every piece.
	Pieces [][]byte `json:"pieces,omitempty"`
}

type vectorFile struct {
	Path  string `json:"path"`
	Size  int64  `json:"size"`
	Type  string `json:"type"`
	First int    `json:"first"`
	Count int    `json:"count"`
}

func testKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

const vectorNow = 1_790_000_000

// file makes a file of a manifest, with pieces of 16 KiB, and adds them to all.
func file(all *[][]byte, path, kind string, content []byte) front.File {
	f := front.File{Path: path, Size: int64(len(content)), Type: kind, Hashes: [][]byte{}}
	for piece := range slices.Chunk(content, 16<<10) {
		sum := sha256.Sum256(piece)
		f.Hashes = append(f.Hashes, sum[:])
		*all = append(*all, piece)
	}
	return f
}

func manifest(files ...front.File) front.Manifest {
	return front.Manifest{
		Site: "https://www.my.site", Sequence: 7, Created: vectorNow - 60, Expires: vectorNow + 3600,
		PieceLength: 16 << 10, Files: files,
	}
}

// forge signs a payload that no front would write.
func forge(key ed25519.PrivateKey, payload []byte) []byte {
	s := ed25519.Sign(key, append([]byte("kith front manifest 1\x00"), payload...))
	return slices.Concat([]byte("kith-front-1\n"+base64.StdEncoding.EncodeToString(s)+"\n"), payload)
}

func makeVectors(t *testing.T) vectors {
	t.Helper()
	key := testKey(5)
	v := vectors{Now: vectorNow, Key: key.Public().(ed25519.PublicKey)}
	var all [][]byte
	big := file(&all, "/a.bin", "application/octet-stream", bytes.Repeat([]byte("kith"), 8<<10+25))
	empty := file(&all, "/empty.css", "text/css", nil)
	page := file(&all, "/page?n=1&q=%C3%A9", "text/html; charset=utf-8", []byte("<!doctype html><title>é</title>"))
	page.Headers = map[string]string{"cache-control": "max-age=60", "content-language": "en"}
	last := file(&all, "/z", "", []byte("z"))
	last.Type = ""
	good, err := manifest(big, empty, page, last).Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	none, err := manifest().Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	m, err := front.Open(good, v.Key, time.Unix(vectorNow, 0))
	if err != nil {
		t.Fatal(err)
	}
	v.Documents = append(v.Documents, describe("a page with pieces", good, m, all))
	m.Files = nil
	v.Documents = append(v.Documents, describe("no files", none, m, nil))
	head, payload, _ := bytes.Cut(good[len("kith-front-1\n"):], []byte("\n"))
	refuse := func(name, why string, document []byte) {
		v.Documents = append(v.Documents, vector{Name: name, Document: document, Refused: why})
	}
	edit := func(name, why, old, by string) {
		if !bytes.Contains(payload, []byte(old)) {
			t.Fatalf("%s: the payload has no %s", name, old)
		}
		refuse(name, why, forge(key, bytes.Replace(payload, []byte(old), []byte(by), 1)))
	}
	refuse("changed payload", "signature", bytes.Replace(good, []byte(`/z"`), []byte(`/y"`), 1))
	refuse("changed signature", "signature", slices.Concat([]byte("kith-front-1\nAAAA"), head[4:], []byte("\n"), payload))
	refuse("another key's signature", "signature", forge(testKey(6), payload))
	edit("another key inside", "key", base64.StdEncoding.EncodeToString(v.Key), base64.StdEncoding.EncodeToString(testKey(6).Public().(ed25519.PublicKey)))
	edit("expired", "expired", `"expires":1790003600`, `"expires":1790000000`)
	refuse("no signature", "form", append([]byte("kith-front-1\n\n"), payload...))
	refuse("another version", "form", bytes.Replace(good, []byte("-1\n"), []byte("-2\n"), 1))
	refuse("empty", "form", []byte{})
	refuse("only a first line", "form", []byte("kith-front-1\n"))
	refuse("no JSON", "payload", forge(key, []byte("{")))
	refuse("a list", "payload", forge(key, []byte("[]")))
	edit("something behind", "payload", `"hashes":["WU5`, `"hashes":]["WU5`)
	edit("pieces of no power of two", "pieceLength", `"pieceLength":16384`, `"pieceLength":20000`)
	edit("small pieces", "pieceLength", `"pieceLength":16384`, `"pieceLength":8192`)
	edit("no sequence", "sequence", `"sequence":7`, `"sequence":0`)
	edit("a size of another number of pieces", "hashes", `"size":1,`, `"size":16385,`)
	edit("a negative size", "size", `"size":1,`, `"size":-1,`)
	edit("a path twice", "path", `"/z"`, `"/a.bin"`)
	edit("a path of the runtime", "path", `"/z"`, `"/.kith/worker.js"`)
	edit("a path without slash", "path", `"/z"`, `"z"`)
	edit("a path with a space", "path", `"/z"`, `"/z z"`)
	edit("a path of 2049 characters", "path", `"/z"`, `"/`+strings.Repeat("z", 2048)+`"`)
	edit("a short hash", "hashes", `"hashes":["WU5`, `"hashes":["WU5WU5`)
	edit("a header with a line break", "headers", `"max-age=60"`, `"max-age=60\r\nset-cookie: a=b"`)
	edit("a header in upper case", "headers", `"cache-control"`, `"Cache-Control"`)
	return v
}

func describe(name string, document []byte, m front.Manifest, all [][]byte) vector {
	x := front.IndexOf(m, document)
	v := vector{Name: name, Document: document, Swarm: hexOf(x.Swarm[:]), Sequence: m.Sequence, Bytes: x.Bytes, Pieces: all}
	first := 0
	for _, f := range m.Files {
		v.Files = append(v.Files, vectorFile{f.Path, f.Size, f.Type, first, len(f.Hashes)})
		first += len(f.Hashes)
	}
	return v
}

// TestVectors holds spec/vectors/front.json and what is written here together; web
// tests read the same file.
func TestVectors(t *testing.T) {
	made, err := json.MarshalIndent(makeVectors(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "spec", "vectors", "front.json")
	if made = append(made, '\n'); *update {
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, stored) {
		t.Error("spec/vectors/front.json is not what this test makes; run it with -update")
	}
	var v vectors
	if err := json.Unmarshal(stored, &v); err != nil {
		t.Fatal(err)
	}
	for _, d := range v.Documents {
		m, err := front.Open(d.Document, v.Key, time.Unix(v.Now, 0))
		switch {
		case d.Refused == "" && err != nil:
			t.Errorf("§3: %s is refused: %v", d.Name, err)
		case d.Refused != "" && fault.KindOf(err) != fault.Corrupt:
			t.Errorf("§3: %s is taken: %v", d.Name, err)
		case d.Refused == "":
			if got := describe(d.Name, d.Document, m, d.Pieces); !equalJSON(t, got, d) {
				t.Errorf("§2: %s is read as %+v, not %+v", d.Name, got, d)
			}
		}
	}
}

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

func FuzzOpen(f *testing.F) {
	key := testKey(5)
	var all [][]byte
	good, err := manifest(file(&all, "/a", "text/plain", []byte("a"))).Sign(key)
	if err != nil {
		f.Fatal(err)
	}
	_, payload, _ := bytes.Cut(good[len("kith-front-1\n"):], []byte("\n"))
	f.Add(payload)
	f.Add([]byte(`{"files":[{"path":"/","size":-1,"hashes":null,"headers":{"":""}}],"pieceLength":16384}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		// What is signed is checked all the same.
		m, err := front.Open(forge(key, payload), key.Public().(ed25519.PublicKey), time.Unix(vectorNow, 0))
		if err != nil {
			return
		}
		again, err := m.Sign(key)
		if err != nil {
			t.Fatalf("what was read cannot be signed: %v", err)
		}
		if _, err := front.Open(again, m.Key, time.Unix(vectorNow, 0)); err != nil {
			t.Fatalf("what was read and signed cannot be read: %v", err)
		}
	})
}
