package transfer

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzReadMessage(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x13{\"type\":\"progress\"}"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Add([]byte("\x00\x00\x00\x05{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := readMessage(bytes.NewReader(data))
		if err == nil && len(data) < 4 {
			t.Fatalf("%q became %+v", data, m)
		}
	})
}

func FuzzReadFrame(f *testing.F) {
	l := newLayout([]File{{Path: "a", Size: ChunkSize + 5}, {Path: "empty"}, {Path: "b", Size: 7}})
	f.Add(frame{kind: frameData, chunk: 1, length: 5 + 32}.append(nil))
	f.Add(frame{kind: frameHash, holder: 70_000, chunk: 2, length: 32}.append(nil))
	f.Add(frame{kind: frameHave, length: 1}.append(nil))
	f.Add(frame{kind: frameRelay, chunk: -1, length: 1 << 30}.append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := readFrame(bytes.NewReader(data), l, make([]byte, frameHead))
		if err != nil {
			return
		}
		if got.length > ChunkSize+32 || got.chunk < 0 && got.kind != frameHave || got.chunk >= l.chunks() && got.kind != frameHave {
			t.Fatalf("%+v was let through", got)
		}
	})
}

func FuzzParseJournal(f *testing.F) {
	offer := Digest{1}
	head := `{"version":1,"offer":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","names":{"a":"a (2)"}}` + "\n"
	f.Add(append([]byte(head), appendRecord(nil, 3, Digest{9})...))
	f.Add(append([]byte(head), 0, 0, 0))
	f.Add([]byte(strings.Repeat("x", 100)))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, had := parseJournal(bytes.NewReader(data), offer, 5)
		for n := range had {
			if n < 0 || n >= 5 {
				t.Fatalf("chunk %d of 5", n)
			}
		}
	})
}

func TestAJournalIsReadAsItWasWritten(t *testing.T) {
	offer := Digest{1}
	head := `{"version":1,"offer":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","names":{"a":"a (2)"}}` + "\n"
	data := appendRecord([]byte(head), 3, Digest{9})
	got, had := parseJournal(bytes.NewReader(append(data, 0, 0, 0)), offer, 5) // torn at the end
	if got.Names["a"] != "a (2)" || len(had) != 1 || had[3] != (Digest{9}) {
		t.Errorf("%+v, %v", got, had)
	}
	if _, had := parseJournal(bytes.NewReader(data), Digest{2}, 5); had != nil {
		t.Error("the journal of another offer was taken")
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"a/b", "CON", "con.txt", "a\u202egpj.exe", "e\u0301", "x.kith-part", ".kith-1.journal", "..", " . ", "\x00", "COM¹", "a?b", strings.Repeat("a", 235) + ".kith-part-and-more"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, name string, windows bool) {
		if !utf8.ValidString(name) {
			return
		}
		got := newNamer(windows).clean(name)
		if got == "" || got == "." || got == ".." || strings.ContainsAny(got, "/\x00") || len(got) > maxComponent ||
			strings.HasSuffix(got, partSuffix) || windows && strings.ContainsAny(got, `\:*?"<>|`) {
			t.Fatalf("%q became %q", name, got)
		}
	})
}

func TestNamesThatLookAlikeAreToldApart(t *testing.T) {
	n := newNamer(true)
	var got []string
	for _, p := range []string{"A.txt", "a.txt", "caf\u00e9", "cafe\u0301", "con", "dir", "dir/x", "DIR/x"} {
		got = append(got, n.place(File{Path: p, Folder: p == "dir"}, nil))
	}
	want := []string{"A.txt", "a (2).txt", "caf\u00e9", "caf\u00e9 (2)", "_con", "dir", "dir/x", "DIR (2)/x"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("name %d is %q, want %q", i, got[i], want[i])
		}
	}
}

func TestPathsOutOfTheFolderAreRefused(t *testing.T) {
	for _, p := range []string{"", "/etc", "../x", "a/../b", "a//b", "./a", "a/", "a\x00b", "\xff", strings.Repeat("x", 256), strings.Repeat("a/", 128) + "a"} {
		if (File{Path: p}).check() == nil {
			t.Errorf("%q is let through", p)
		}
	}
}
