package address_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ipfs/go-cid"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// check holds a valid address against the promises of the package.
func check(t *testing.T, a address.Address) {
	t.Helper()
	if !a.Valid() || a.Key() != a.Root().String() || a.ID() != a.Root().ID() {
		t.Fatalf("%+v: key %q, root %q", a, a.Key(), a.Root())
	}
	if strings.ContainsRune(a.Path, 0) || !utf8.ValidString(a.Path) || a.Path != "" && a.Path[0] != '/' ||
		strings.Contains(a.Path+"/", "/../") || strings.Contains(a.Path, "//") {
		t.Fatalf("path %q", a.Path)
	}
	again, err := address.Parse(a.String())
	if len(a.String()) > address.MaxLength {
		return // escaping a long path made it longer than Parse reads
	}
	if err != nil || again.String() != a.String() || again.ID() != a.ID() || again.Path != a.Path {
		t.Fatalf("Parse(%q) = %+v, %v; want %+v", a, again, err, a)
	}
	if m := a.Magnet(); m != "" && len(m) <= address.MaxLength {
		b, err := address.Parse(m)
		if err != nil || b.ID() != a.ID() || !sameHints(b.Hints, a.Hints) {
			t.Fatalf("Parse(%q) = %+v, %v; want %+v", m, b, err, a)
		}
	}
	checkLabel(t, a)
}

func sameHints(a, b address.Hints) bool {
	a.Prefer, b.Prefer = "", ""
	return reflect.DeepEqual(a, b)
}

func checkLabel(t *testing.T, a address.Address) {
	t.Helper()
	label, err := a.Label()
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			t.Fatalf("Label(%s): %v", a, err)
		}
		return
	}
	if !dnsLabel.MatchString(label) {
		t.Fatalf("label %q of %s is none", label, a)
	}
	back, err := address.FromLabel(label)
	if err != nil || back.Key() != a.Key() || back.ID() != a.ID() {
		t.Fatalf("FromLabel(%s) = %s, %v; want %s", label, back, err, a.Key())
	}
	u, err := a.URL("localhost:5484")
	if err != nil {
		t.Fatal(err)
	}
	c, err := address.Parse(u)
	if err != nil || c.ID() != a.ID() || strings.TrimSuffix(c.Path, "/") != strings.TrimSuffix(a.Path, "/") {
		t.Fatalf("Parse(%s) = %s, %v; want %s", u, c, err, a)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"wtp://" + hash1 + "/a/../b?q#f", "wtp:" + hash1b32, "wtp://" + hash2, "web+wtp://example.com/p",
		"magnet:?xt=urn:btih:" + hash1 + "&dn=x&tr=udp://t:1&ws=http://w/&xs=http://x/&x.pe=127.0.0.1:1&s=00",
		"magnet:?xs=urn:btpk:" + publicKey + "&s=6e", "magnet:?xt=urn:btmh:1220" + hash2,
		"ipfs://" + cidV0 + "/p", "ipfs:" + cidV1, "ipns://" + key36, "/ipns/example.com/p", "dweb:/ipfs/" + cid36,
		"bücher.example/p", "x.torrent", "/a/b.torrent", "https://e.com/x.torrent", "file:///a/x.torrent",
		"http://example-com.localhost:1/p", "https://" + cidV1 + ".ipfs.dweb.link/", "nearby:7abc", "a.b/%20%25",
		"http://localhost:5484/app/example-com/p", "wtp://k" + strings.Repeat("0", 49) + "1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := address.Parse(s)
		if err != nil {
			if a.Valid() || fault.KindOf(err) != fault.Invalid {
				t.Fatalf("Parse(%q) = %+v, %v", s, a, err)
			}
			return
		}
		check(t, a)
	})
}

func FuzzFromLabel(f *testing.F) {
	for _, s := range []string{"example-com", "my--site-org", "wtp-" + hash1, cid36, key36, "nearby-7abc", cidV1, "a---b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, label string) {
		a, err := address.FromLabel(label)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		check(t, a)
		// A label with a hyphen is written in one way only.
		if got, err := a.Label(); strings.Contains(label, "-") && (err != nil || !strings.EqualFold(got, label)) {
			t.Fatalf("labels %q and %q, %v are both %s", label, got, err, a)
		}
	})
}

func FuzzFromHost(f *testing.F) {
	for _, s := range []string{
		"example-com.localhost:5484", cidV1 + ".ipfs.localhost", key36 + ".ipns.localhost", "a.b.ipns.localhost.", "localhost", "[::1]:1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if a, form, err := address.FromHost(host); err == nil {
			check(t, a)
			if form != address.HostLabel && form != address.HostSubdomain {
				t.Fatalf("form %d", form)
			}
		}
	})
}

func FuzzFromTorrent(f *testing.F) {
	for _, info := range []string{infoV1, infoV2, infoHybrid} {
		f.Add([]byte("d8:announce14:udp://tracker:4:info" + info + "8:url-list14:http://seed/aae"))
	}
	f.Add([]byte(strings.Repeat("d1:a", 100)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, err := address.FromTorrent(data); err == nil {
			check(t, a)
		} else if fault.KindOf(err) != fault.Invalid {
			t.Fatal(err)
		}
	})
}

// FuzzConstructors holds addresses that no text was parsed for against the
// same promises, and different ones against each other.
func FuzzConstructors(f *testing.F) {
	f.Add([]byte("12345678901234567890123456789012"), "ab", "example.com", "7abc")
	f.Add([]byte{0x01, 0x72, 0x00, 0x01, 0x61}, "", "xn--bcher-kva.example", "0")
	f.Fuzz(func(t *testing.T, data []byte, salt, name, device string) {
		var all []address.Address
		add := func(a address.Address, err error) {
			if err == nil && a.Valid() {
				all = append(all, a)
			}
		}
		var v1 [20]byte
		var v2 [32]byte
		copy(v1[:], data)
		copy(v2[:], data)
		add(address.FromInfoHash(v1), nil)
		add(address.FromInfoHashV2(v2), nil)
		add(address.FromPublicKey(v2, salt))
		add(address.FromPublicKey(v2, ""))
		add(address.FromName(name))
		add(address.FromDevice(device))
		if c, err := cid.Cast(data); err == nil {
			add(address.FromCID(c), nil)
		}
		labels := map[string]string{}
		for _, a := range all {
			check(t, a)
			label, err := a.Label()
			if err != nil {
				continue
			}
			if other, taken := labels[label]; taken && other != a.Key() {
				t.Fatalf("%s and %s share %s", other, a.Key(), label)
			}
			labels[label] = a.Key()
		}
	})
}

func BenchmarkFromHost(b *testing.B) {
	for _, host := range []string{cid36 + ".localhost:5484", "example-com.localhost:5484", "wtp-" + hash1 + ".localhost:5484"} {
		b.Run(host[:8], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := address.FromHost(host); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
