package host

import (
	"encoding/hex"
	"strings"
	"testing"
)

// FuzzHashesIn reads indices that may be anything.
func FuzzHashesIn(f *testing.F) {
	// A CARv1 of one root and one DAG-PB block of one link, "a", to a raw block.
	root := "01701220" + strings.Repeat("ab", 32)
	link := "0a24" + "01551220" + strings.Repeat("cd", 32) + "120161" + "1801"
	node := "12" + hex.EncodeToString([]byte{byte(len(link) / 2)}) + link + "0a020801"
	header := "a165726f6f747380"
	whole, err := hex.DecodeString("08" + header + hex.EncodeToString([]byte{byte(len(root+node) / 2)}) + root + node)
	if err != nil {
		f.Fatal(err)
	}
	if found, err := hashesIn(whole); err != nil || len(found) != 2 {
		f.Fatalf("%d hashes, %v", len(found), err)
	}
	f.Add(whole)
	f.Add([]byte{1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, car []byte) {
		found, err := hashesIn(car)
		if err == nil && len(found) > len(car) {
			t.Errorf("%d hashes in %d octets", len(found), len(car))
		}
	})
}

// FuzzHostName reads Host headers.
func FuzzHostName(f *testing.F) {
	for _, s := range []string{"a.example.org:80", "A.Example.ORG", "[::1]:80", "127.0.0.1", "a..b", "x:99999999", "localhost", "-a.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, ok := hostName(s)
		if !ok {
			return
		}
		if again, ok := hostName(name + ":443"); !ok || again != name || strings.ToLower(name) != name || strings.ContainsAny(name, ":/\\@ ") {
			t.Errorf("%q is %q", s, name)
		}
	})
}

func TestPaddingIsNoFile(t *testing.T) {
	for name, want := range map[string]int64{".pad/0": 0, ".pad/16342": 16342} {
		if n, ok := padding(name); !ok || n != want {
			t.Errorf("%s: %d, %v", name, n, ok)
		}
	}
	for _, name := range []string{".pad/-1", ".pad/01", ".pad/99999999999", ".pad/", "a/.pad/1", ".pad/1/2", ".pad/x"} {
		if _, ok := padding(name); ok {
			t.Errorf("%s is taken for padding", name)
		}
	}
}
