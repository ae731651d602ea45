package metafile_test

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // BEP 3
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
	"github.com/kith-web/kith/internal/fault"
)

// str and list write bencode.
func str(s string) string { return strconv.Itoa(len(s)) + ":" + s }

func list(items ...string) string { return "l" + strings.Join(items, "") + "e" }

// dict writes a dictionary of keys and bencoded values.
func dict(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString(str(pairs[i]) + pairs[i+1])
	}
	return "d" + b.String() + "e"
}

func num(n int64) string { return fmt.Sprintf("i%de", n) }

func path(parts ...string) string {
	for i := range parts {
		parts[i] = str(parts[i])
	}
	return list(parts...)
}

func file(n int64, parts ...string) string { return dict("length", num(n), "path", path(parts...)) }

func hashes(n int) string { return str(strings.Repeat("h", sha1.Size*n)) }

// v1 is an info dictionary of files with pieces of 16 KiB.
func v1(pieces int, files ...string) string {
	return dict("files", list(files...), "name", str("site"), "piece length", num(16<<10), "pieces", hashes(pieces))
}

func TestWhatIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		info string
		want []string // path@offset+size
	}{
		"many files":           {v1(1, file(3, "a"), file(4, "b", "c")), []string{"a@0+3", "b/c@3+4"}},
		"one top folder":       {v1(1, file(3, "top", "a"), file(4, "top", "b")), []string{"a@0+3", "b@3+4"}},
		"a top folder kept":    {v1(1, file(3, "top", "a"), dict("attr", str("p"), "length", num(1), "path", path(".pad", "root"))), []string{"top/a@0+3"}},
		"only one is stripped": {v1(1, file(3, "x", "y", "a")), []string{"y/a@0+3"}},
		"a single file":        {dict("length", num(5), "name", str("film.mp4"), "piece length", num(16<<10), "pieces", hashes(1)), []string{"film.mp4@0+5"}},
		"padding":              {v1(2, file(3, "a"), dict("attr", str("p"), "length", num(16<<10-3), "path", path(".pad", "16381")), file(1, "b")), []string{"a@0+3", "b@16384+1"}},
		"a link":               {v1(1, file(3, "a"), dict("attr", str("l"), "length", num(0), "path", path("l"), "symlink path", path("a"))), []string{"a@0+3", "l@0+3"}},
		"a link that leaves":   {v1(1, file(3, "a"), dict("attr", str("l"), "length", num(0), "path", path("l"), "symlink path", path("..", "etc"))), []string{"a@0+3"}},
		"links in a circle":    {v1(1, file(3, "a"), dict("attr", str("l"), "length", num(0), "path", path("l"), "symlink path", path("l"))), []string{"a@0+3"}},
		"names in no encoding": {v1(1, file(3, "a\xff")), []string{"a\uFFFD@0+3"}},
		"version 2": {
			dict(
				"file tree", dict("b", dict("", dict("length", num(20000), "pieces root", str(strings.Repeat("r", 32)))),
					"dir", dict("a", dict("", dict("length", num(1), "pieces root", str(strings.Repeat("r", 32)))))),
				"meta version", num(2), "name", str("site"), "piece length", num(16<<10)),
			[]string{"b@0+20000", "dir/a@32768+1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := metafile.ParseInfo([]byte(c.info), metafile.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range m.Files {
				got = append(got, fmt.Sprintf("%s@%d+%d", f.Path, f.Offset, f.Size))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("files %q, want %q", got, c.want)
			}
		})
	}
}

// TestWhatIsRefused is the table of hostile torrents.
func TestWhatIsRefused(t *testing.T) {
	many := make([]string, 101)
	for i := range many {
		many[i] = file(0, strconv.Itoa(i))
	}
	for name, c := range map[string]struct {
		info string
		kind fault.Kind
	}{
		"empty":                      {"", fault.Corrupt},
		"not bencode":                {"<html>", fault.Corrupt},
		"cut off":                    {v1(1, file(3, "a"))[:40], fault.Corrupt},
		"with a tail":                {v1(1, file(3, "a")) + "x", fault.Corrupt},
		"a list":                     {"le", fault.Corrupt},
		"a huge string":              {"d4:name4294967295:x", fault.Corrupt},
		"a huge number":              {"d6:lengthi99999999999999999999e", fault.Corrupt},
		"bottomless lists":           {"d1:a" + strings.Repeat("l", 1<<20), fault.Corrupt},
		"a key twice":                {"d4:name1:a4:name1:be", fault.Corrupt},
		"climbing":                   {v1(1, file(3, "..", "etc", "passwd")), fault.Corrupt},
		"climbing in the middle":     {v1(1, file(3, "a", "..", "..", "b")), fault.Corrupt},
		"a slash in a name":          {v1(1, file(3, "a/../../b")), fault.Corrupt},
		"an absolute path":           {v1(1, file(3, "/etc/passwd")), fault.Corrupt},
		"a zero in a name":           {v1(1, file(3, "a\x00b")), fault.Corrupt},
		"an empty name":              {v1(1, file(3, "")), fault.Corrupt},
		"a dot":                      {v1(1, file(3, "."), file(1, "b")), fault.Corrupt},
		"no path":                    {v1(1, dict("length", num(3), "path", list())), fault.Corrupt},
		"a name without end":         {v1(1, file(3, strings.Repeat("x", 2000))), fault.Corrupt},
		"a path of a thousand parts": {v1(1, file(3, strings.Split(strings.Repeat("a ", 1000)+"b", " ")...)), fault.Corrupt},
		"the same file twice":        {v1(1, file(3, "a"), file(3, "a")), fault.Corrupt},
		"a file that is a folder":    {v1(1, file(3, "a"), file(3, "a", "b")), fault.Corrupt},
		"no files":                   {v1(0), fault.Corrupt},
		"only padding":               {v1(1, dict("attr", str("p"), "length", num(3), "path", path("p"))), fault.Corrupt},
		"a negative size":            {v1(1, file(-1, "a")), fault.Corrupt},
		"sizes that overflow":        {v1(1, file(1<<62, "a"), file(1<<62, "b"), file(1<<62, "c")), fault.TooLarge},
		"an absurd size":             {v1(1, file(1<<50, "a")), fault.TooLarge},
		"absurd padding":             {v1(1, file(3, "a"), dict("attr", str("p"), "length", num(1<<50), "path", path("p"))), fault.TooLarge},
		"too many files":             {v1(0, many...), fault.TooLarge},
		"too few hashes":             {v1(1, file(16<<10+1, "a")), fault.Corrupt},
		"too many hashes":            {v1(2, file(1, "a")), fault.Corrupt},
		"broken hashes":              {dict("length", num(1), "name", str("a"), "piece length", num(16<<10), "pieces", str("x")), fault.Corrupt},
		"pieces of nothing":          {dict("length", num(1), "name", str("a"), "piece length", num(0), "pieces", hashes(1)), fault.Corrupt},
		"pieces of less":             {dict("length", num(1), "name", str("a"), "piece length", num(-5), "pieces", hashes(1)), fault.Corrupt},
		"absurd pieces":              {dict("length", num(1), "name", str("a"), "piece length", num(1<<40), "pieces", hashes(1)), fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, c.info, c.kind) })
	}
}

func refuse(t *testing.T, info string, kind fault.Kind) {
	t.Helper()
	m, err := metafile.ParseInfo([]byte(info), metafile.Limits{MaxFiles: 100})
	if fault.KindOf(err) != kind {
		t.Errorf("ParseInfo = %+v, %v; want an error of kind %s", m, err, kind)
	}
}

// TestWhatIsRefusedOfVersion2 is the same for file trees (BEP 52).
func TestWhatIsRefusedOfVersion2(t *testing.T) {
	tree := func(files string, length int64) string {
		return dict("file tree", files, "meta version", num(2), "name", str("s"), "piece length", num(length))
	}
	leaf := dict("", dict("length", num(1), "pieces root", str(strings.Repeat("r", 32))))
	for name, c := range map[string]struct {
		info string
		kind fault.Kind
	}{
		"bottomless trees":         {tree(strings.Repeat("d1:a", 1000)+strings.Repeat("e", 1000), 16<<10), fault.Corrupt},
		"version 3":                {dict("length", num(1), "meta version", num(3), "name", str("a"), "piece length", num(16<<10), "pieces", hashes(1)), fault.Corrupt},
		"version 2, odd pieces":    {tree(dict("a", leaf), 20000), fault.Corrupt},
		"version 2, tiny pieces":   {tree(dict("a", leaf), 4096), fault.Corrupt},
		"version 2, climbing":      {tree(dict("..", dict("a", leaf)), 16<<10), fault.Corrupt},
		"version 2, no root":       {tree(dict("a", dict("", dict("length", num(1)))), 16<<10), fault.Corrupt},
		"version 2, a file folder": {tree(dict("a", dict("", dict("length", num(0)), "b", leaf)), 16<<10), fault.Corrupt},
		"version 2, empty folder":  {tree(dict("a", "de"), 16<<10), fault.Corrupt},
		"version 2, absurd size":   {tree(dict("a", dict("", dict("length", num(1<<60), "pieces root", str(strings.Repeat("r", 32))))), 16<<10), fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, c.info, c.kind) })
	}
}

func TestATorrentSurvivesEncoding(t *testing.T) {
	in := dict("announce", str("http://a/announce"),
		"announce-list", list(list(str("http://a/announce")), list(str("udp://b:1"))),
		"info", v1(1, file(3, "a")), "url-list", str("http://c/"))
	first, err := metafile.ParseTorrent([]byte(in), metafile.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := metafile.ParseTorrent(first.Encode(), metafile.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if again.V1 != first.V1 || !slices.Equal(again.Trackers, []string{"http://a/announce", "udp://b:1"}) ||
		!slices.Equal(again.WebSeeds, []string{"http://c/"}) {
		t.Errorf("after encoding: %+v", again)
	}
}

// A plan reads back as what it was planned as, and a folder that holds everything
// stays a folder.
func TestPlan(t *testing.T) {
	for name, c := range map[string]struct {
		paths  []string
		sizes  []int64
		hybrid bool
	}{
		"small":      {[]string{"a", "b", "dir/c"}, []int64{1, 0, 20000}, false},
		"hybrid":     {[]string{"a", "b", "dir/c"}, []int64{1, 0, 20000}, true},
		"top folder": {[]string{"top/a", "top/b"}, []int64{1, 2}, false},
		"large":      {[]string{"a", "b", "c"}, []int64{100, 60 << 20, 100}, false},
		"nothing":    {[]string{"a"}, []int64{0}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := metafile.NewPlan("site", c.hybrid, c.paths, c.sizes)
			for i := range p.Files {
				p.Files[i].Root = [32]byte{1}
			}
			m, err := metafile.ParseInfo(p.Info(bytes.Repeat([]byte("h"), sha1.Size*p.Pieces())), metafile.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			offsets := p.Offsets(len(c.paths))
			for i, f := range m.Files {
				if f.Path != c.paths[i] || f.Size != c.sizes[i] || (f.Size > 0 && f.Offset != offsets[i]) {
					t.Errorf("file %d: %+v; planned %s of %d at %d", i, f, c.paths[i], c.sizes[i], offsets[i])
				}
				if f.Size >= p.PieceLength && f.Offset%p.PieceLength != 0 {
					t.Errorf("%s begins at %d, inside a piece of %d", f.Path, f.Offset, p.PieceLength)
				}
			}
			if len(m.Files) != len(c.paths) || m.HasV2 != c.hybrid || m.Pieces == 0 {
				t.Errorf("meta: %+v", m)
			}
		})
	}
}

// Whatever is accepted is safe to use.
func FuzzParseInfo(f *testing.F) {
	f.Add([]byte(v1(1, file(3, "a"), file(4, "b", "c"))))
	f.Add([]byte(dict("length", num(5), "name", str("x"), "piece length", num(16<<10), "pieces", hashes(1))))
	f.Add(metafile.NewPlan("s", true, []string{"a", "b/c"}, []int64{5, 40000}).Info([]byte(strings.Repeat("h", 80))))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := metafile.Limits{MaxFiles: 1000, MaxSize: 1 << 30}
		m, err := metafile.ParseInfo(data, l)
		if err != nil {
			if k := fault.KindOf(err); k != fault.Corrupt && k != fault.TooLarge {
				t.Fatalf("an error of kind %s: %v", k, err)
			}
			return
		}
		var sum int64
		seen := map[string]bool{}
		for _, file := range m.Files {
			if !fs.ValidPath(file.Path) || file.Path == "." || seen[file.Path] {
				t.Fatalf("path %q", file.Path)
			}
			seen[file.Path] = true
			if file.Offset < 0 || file.Size < 0 || file.Offset+file.Size > m.Span {
				t.Fatalf("file %+v outside %d", file, m.Span)
			}
			if !file.Link {
				sum += file.Size
			}
		}
		if sum != m.Size || sum > l.MaxSize {
			t.Fatalf("files of %d octets, size %d", sum, m.Size)
		}
		for i := range m.Pieces {
			if n := m.PieceSize(i); n <= 0 || n > m.PieceLength {
				t.Fatalf("piece %d of %d octets", i, n)
			}
		}
	})
}

func FuzzParseTorrent(f *testing.F) {
	f.Add([]byte(dict("announce", str("http://a/"), "info", v1(1, file(3, "a")), "url-list", list(str("http://b/")))))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := metafile.ParseTorrent(data, metafile.Limits{MaxFiles: 1000})
		if err != nil {
			return
		}
		again, err := metafile.ParseTorrent(m.Encode(), metafile.Limits{MaxFiles: 1000})
		if err != nil || again.V1 != m.V1 {
			t.Fatalf("after encoding: %v", err)
		}
	})
}
