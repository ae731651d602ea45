package address_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// bytesOf writes a bencoded string.
func bytesOf(s string) string { return fmt.Sprintf("%d:%s", len(s), s) }

const (
	infoV1     = "d6:lengthi5e4:name4:site12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae"
	infoV2     = "d9:file treede12:meta versioni2e4:name4:site12:piece lengthi16384ee"
	infoHybrid = "d9:file treede6:lengthi5e12:meta versioni2e4:name4:site12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae"
)

func TestTorrentFilesAreNamedByTheHashOfTheirInfo(t *testing.T) {
	v1, v2 := sha1.Sum([]byte(infoV1)), sha256.Sum256([]byte(infoV2))
	hybrid := sha1.Sum([]byte(infoHybrid))
	for _, c := range []struct {
		file string
		want address.Address
	}{
		{"d4:info" + infoV1 + "e", address.FromInfoHash(v1)},
		{"d4:infoli1ee5:other4:infoe", address.Address{}},
		{"d7:comment" + bytesOf("4:info") + "4:info" + infoV1 + "e\n", address.FromInfoHash(v1)},
		{"d4:info" + infoV2 + "e", address.FromInfoHashV2(v2)},
		{"d4:info" + infoHybrid + "e", address.FromInfoHash(hybrid)},
	} {
		a, err := address.FromTorrent([]byte(c.file))
		if a.Key() != c.want.Key() || (err == nil) != c.want.Valid() {
			t.Errorf("FromTorrent(%s) = %s, %v; want %s", c.file, a, err, c.want)
		}
		if c.want.Valid() && a.Hints.DisplayName != "site" {
			t.Errorf("FromTorrent(%s) is called %q", c.file, a.Hints.DisplayName)
		}
	}
}

func TestTorrentFilesBringTheirTrackers(t *testing.T) {
	file := "d8:announce" + bytesOf("http://a.example/announce") +
		"13:announce-listll" + bytesOf("udp://b.example:80") + "e" + "l" + bytesOf("http://a.example/announce") + "ee" +
		"4:info" + infoV1 + "8:url-list" + bytesOf("http://seed.example/") + "e"
	a, err := address.FromTorrent([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	want := address.Hints{
		DisplayName: "site",
		Trackers:    []string{"http://a.example/announce", "udp://b.example:80"},
		WebSeeds:    []string{"http://seed.example/"},
	}
	if !reflect.DeepEqual(a.Hints, want) {
		t.Errorf("hints %+v, want %+v", a.Hints, want)
	}
}

func TestDamagedTorrentFilesAreRefused(t *testing.T) {
	for _, file := range []string{
		"", "d", "de", "i1e", "<html>", "d4:info", "d4:infoi1ee", "d4:infodee", "d4:info" + infoV1,
		"d4:info" + infoV1 + "4:info" + infoV1 + "e",
		"d4:info" + strings.Repeat("l", 1<<20), strings.Repeat("d1:a", 1<<18),
		"d4:infod6:pieces99999999999:ae", "d4:infod6:pieces-1:aee", "d4:infod6:piecesi1eee", "d4:infodi1ei2eee",
		"d4:infod1:ai99999999999999999999999999eee",
	} {
		if a, err := address.FromTorrent([]byte(file)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("FromTorrent(%.40q) = %s, %v", file, a, err)
		}
	}
	if _, err := address.FromTorrent(make([]byte, address.MaxTorrent+1)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("too large: %v", err)
	}
}
