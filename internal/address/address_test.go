package address_test

import (
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

const (
	cidV0     = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
	cidV1     = "bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf6d2ho34"
	cid36     = "k2jmtxvacy5p64u708sn9oawhfsizpcwgk1g59ckse0h1r7a2j7d0tlr"
	key36     = "k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8"
	hash1     = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a"
	hash1b32  = "YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK"
	hash2     = "d8dd32ac93357c368556af3ac1d95c9d76bd0dff6fa9833ecdac3d53134efabb"
	publicKey = "8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e"
)

func parse(t *testing.T, s string) address.Address {
	t.Helper()
	a, err := address.Parse(s)
	if err != nil {
		t.Fatalf("Parse(%q): %v", s, err)
	}
	return a
}

func TestEveryFormHasOneCanonicalForm(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"wtp://" + hash1, "wtp://" + hash1},
		{"WTP://" + strings.ToUpper(hash1) + "/a/b.html?x=1#f", "wtp://" + hash1 + "/a/b.html?x=1#f"},
		{"wtp://" + hash1b32 + "/", "wtp://" + hash1 + "/"},
		{"wtp://" + hash2, "wtp://" + hash2},
		{"wtp:" + hash1 + "/p", "wtp://" + hash1 + "/p"},
		{"web+wtp:" + hash1, "wtp://" + hash1},
		{"web+wtp://example.com/p", "example.com/p"},
		{"wtp://Example.COM./p", "example.com/p"},
		{hash1, "wtp://" + hash1},
		{hash1b32, "wtp://" + hash1},
		{hash2 + "/p", "wtp://" + hash2 + "/p"},
		{"magnet:?xt=urn:btih:" + hash1 + "&dn=x", "wtp://" + hash1},
		{"magnet:?dn=x&xt=urn:btih:" + hash1b32, "wtp://" + hash1},
		{"magnet:?xt=urn:btmh:1220" + hash2, "wtp://" + hash2},
		{"magnet:?xt.1=urn:btih:" + hash1 + "&xt.2=urn:btmh:1220" + hash2, "wtp://" + hash1},
		{"MAGNET:?XT=URN:BTIH:" + hash1, "wtp://" + hash1},
		{"ipfs://" + cidV0 + "/a b", "ipfs://" + cidV1 + "/a%20b"},
		{"ipfs://" + cidV1, "ipfs://" + cidV1},
		{"ipfs://" + strings.ToUpper(cidV1), "ipfs://" + cidV1},
		{"ipfs://" + cid36, "ipfs://" + cidV1},
		{"ipfs:" + cidV1 + "/p", "ipfs://" + cidV1 + "/p"},
		{"ipfs:///" + cidV1, "ipfs://" + cidV1},
		{"ipfs://ipfs/" + cidV1 + "/p", "ipfs://" + cidV1 + "/p"},
		{"/ipfs/" + cidV0 + "/p", "ipfs://" + cidV1 + "/p"},
		{"ipfs/" + cidV0, "ipfs://" + cidV1},
		{"dweb:/ipfs/" + cidV1, "ipfs://" + cidV1},
		{"dweb:///ipfs/" + cidV1 + "/p", "ipfs://" + cidV1 + "/p"},
		{"dweb://ipns/example.com", "example.com"},
		{cidV0 + "/p", "ipfs://" + cidV1 + "/p"},
		{cidV1, "ipfs://" + cidV1},
		{"ipns://" + key36, "ipns://" + key36},
		{"ipns:" + key36 + "/p", "ipns://" + key36 + "/p"},
		{"ipfs://" + key36, "ipns://" + key36},
		{"ipns://" + cidV0, "ipns://k2k4r8nc9hyoah11xra1dgctv6jvdih11v0ymum5hthsspn0ipijit3z"},
		{key36, "ipns://" + key36},
		{"/ipns/example.com/p", "example.com/p"},
		{"ipns://example.com", "example.com"},
		{"example.com", "example.com"},
		{" Example.com./ ", "example.com/"},
		{"bücher.example", "xn--bcher-kva.example"},
		{"example.com/a/../../b/./c/", "example.com/b/c/"},
		{"example.com/%2e%2e/%2e%2e/etc", "example.com/etc"},
		{"example.com//a//b", "example.com/a/b"},
		{"example.com/100%25", "example.com/100%25"},
		{"example.com/x.torrent", "example.com/x.torrent"},
		{"example.com?q=a b#c d", "example.com?q=a%20b#c%20d"},
		{"x.torrent", "x.torrent"},
		{"./dir/X.Torrent", "./dir/X.Torrent"},
		{"/home/me/a b.torrent", "/home/me/a b.torrent"},
		{`C:\dir\x.torrent`, `C:\dir\x.torrent`},
		{"file:///home/me/a%20b.torrent", "/home/me/a b.torrent"},
		{"https://Example.com/x.torrent#f", "https://example.com/x.torrent"},
		{"http://" + cid36 + ".localhost:5484/p?q#f", "ipfs://" + cidV1 + "/p?q#f"},
		{"http://example-com.localhost/p", "example.com/p"},
		{"example-com.localhost:5484/p", "example.com/p"},
		{"http://localhost:5484/app/example-com/p?q", "example.com/p?q"},
		{"http://wtp-" + hash1 + ".localhost:5484/", "wtp://" + hash1 + "/"},
		{"http://" + cidV1 + ".ipfs.localhost:5484/p", "ipfs://" + cidV1 + "/p"},
		{"http://my--site-org.ipns.localhost/p", "my-site.org/p"},
		{"https://" + cidV1 + ".ipfs.dweb.link/p", "ipfs://" + cidV1 + "/p"},
		{"https://en-wikipedia--on--ipfs-org.ipns.dweb.link/", "en.wikipedia-on-ipfs.org/"},
		{"https://ipfs.io/ipfs/" + cidV0 + "/p?q", "ipfs://" + cidV1 + "/p?q"},
		{"https://ipfs.io/ipns/example.com/p", "example.com/p"},
		{"nearby:7abc/p", "nearby:7abc/p"},
	} {
		a, err := address.Parse(c.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.in, err)
			continue
		}
		if got := a.String(); got != c.want {
			t.Errorf("Parse(%q) = %s, want %s", c.in, got, c.want)
		}
	}
}

func TestPeerIdentifiersAreIPNSKeys(t *testing.T) {
	const peer = "12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5"
	a := parse(t, "ipns://"+peer)
	if a.Kind() != address.IPNS || !strings.HasPrefix(a.String(), "ipns://k51") {
		t.Errorf("ipns://%s is %s", peer, a)
	}
	if b := parse(t, peer); b.Key() != a.Key() {
		t.Errorf("the bare key is %s", b)
	}
	if b := parse(t, "/ipns/"+a.CID().String()); b.Key() != a.Key() {
		t.Errorf("the key in base32 is %s", b)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct{ in, says string }{
		{"", "empty"},
		{"   ", "empty"},
		{"hello", "one word"},
		{"localhost", "one word"},
		{"192.168.1.1", "digit"},
		{"1.2.3.4:80", "not a DNS name"},
		{"[::1]", "not a DNS name"},
		{"example.123", "digit"},
		{"example.1a", "digit"},
		{"foo..com", "not a DNS name"},
		{"-a.com", "not a DNS name"},
		{"a.localhost.localhost", "localhost"},
		{"wtp." + hash1, "origin"},
		{"ipns://wtp." + hash1, "origin"},
		{"wtp://", "neither"},
		{"wtp://abc", "neither"},
		{"ipfs://" + strings.ToLower(cidV0), "not a CID"},
		{"ipfs://example.com", "not a CID"},
		{"ipfs://", "not a CID"},
		{"ipns://hello", "neither"},
		{"dweb:/foo/bar", "/ipfs/"},
		{"magnet:", "?xt="},
		{"magnet:?dn=x", "no xt"},
		{"magnet:?xt=urn:sha1:x", "topic"},
		{"magnet:?xt=urn:btih:123", "infohash"},
		{"magnet:?xt=urn:btmh:1114" + hash2, "infohash"},
		{"magnet:?xt=urn:btpk:12", "key"},
		{"magnet:?xt=urn:btpk:" + publicKey + "&s=010203040506", "salt"},
		{"magnet:?xt=urn:btih:" + hash1 + "&xt=urn:btih:" + strings.Repeat("1", 40), "two sites"},
		{"example.com/%00", "NUL"},
		{"example.com/%ff", "UTF-8"},
		{"example.com/%zz", "%"},
		{"a\x00b", "control"},
		{"\xff.com", "UTF-8"},
		{"https://example.com/", "ordinary web address"},
		{"https://user@example.com/x.torrent", "web address"},
		{"http://" + strings.ToLower(cidV0) + ".ipfs.localhost/", "not a CID"},
		{"http://localhost/", "ordinary"},
		{"file:///etc/passwd", ".torrent"},
		{"ftp://example.com", "scheme"},
		{"javascript:alert(1)", "scheme"},
		{strings.Repeat("a", address.MaxLength+1), "longer"},
		{strings.Repeat("a.", 200) + "com", "longer"},
	} {
		a, err := address.Parse(c.in)
		switch {
		case err == nil:
			t.Errorf("Parse(%.80q) = %s, want an error that says %q", c.in, a, c.says)
		case fault.KindOf(err) != fault.Invalid, !strings.Contains(err.Error(), c.says):
			t.Errorf("Parse(%.80q): %q, want an error that says %q", c.in, err, c.says)
		case fault.Hint(err) == "":
			t.Errorf("Parse(%.80q): no hint", c.in)
		}
	}
}

func TestLabels(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{cidV0, cid36},
		{"ipns://" + key36, key36},
		{hash1, "wtp-" + hash1},
		{hash2, "wtp-3dotfletgv6dnbkwv45mdwk4tv3l2dp7n6uygpwnvq6vge2o7k5q"},
		{"example.com", "example-com"},
		{"my-site.org", "my--site-org"},
		{"bücher.example", "xn----bcher--kva-example"},
		{"nearby:7abc", "nearby-7abc"},
	} {
		a := parse(t, c.in)
		got, err := a.Label()
		if err != nil || got != c.want {
			t.Errorf("Label(%s) = %s, %v; want %s", c.in, got, err, c.want)
			continue
		}
		back, err := address.FromLabel(strings.ToUpper(got))
		if err != nil || back.Key() != a.Key() {
			t.Errorf("FromLabel(%s) = %s, %v; want %s", got, back, err, a.Key())
		}
	}
}

func TestLabelsOfKeysFitForEverySalt(t *testing.T) {
	for _, fill := range []byte{0x01, 0xff} {
		for n := range address.MaxSalt + 1 {
			var key [32]byte
			for i := range key {
				key[i] = fill
			}
			a, err := address.FromPublicKey(key, strings.Repeat("\x00", n))
			if err != nil {
				t.Fatal(err)
			}
			label, err := a.Label()
			if err != nil || len(label) > 63 {
				t.Fatalf("salt of %d: %q, %v", n, label, err)
			}
			if back, err := address.FromLabel(label); err != nil || back.Key() != a.Key() {
				t.Errorf("salt of %d: label %s is %s, %v", n, label, back, err)
			}
			if back, err := address.Parse(a.Magnet()); err != nil || back.Key() != a.Key() {
				t.Errorf("salt of %d: magnet %s is %s, %v", n, a.Magnet(), back, err)
			}
		}
	}
	if _, err := address.FromPublicKey([32]byte{1}, "123456"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a salt of 6 octets: %v", err)
	}
}

func TestLongIdentifiersHaveNoLabel(t *testing.T) {
	const sha512 = "bafkrgqhhyivzstcz3hhswshfjgy6ertgmnqeleynhwt4dlfsthi4hn7zgh4uvlsb5xncykzapi3ocd4lzogukir6ksdy6wzrnz6ohnv4aglcs"
	for _, in := range []string{sha512, "a-really-long-name-with-many-hyphens-in-it.and-another-of-those.example"} {
		if label, err := parse(t, in).Label(); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "longer than 63") {
			t.Errorf("Label(%s) = %q, %v", in, label, err)
		}
	}
	if _, err := parse(t, "x.torrent").Label(); fault.Hint(err) == "" {
		t.Errorf("an index: %v", err)
	}
}

func TestLabelsThatAreNone(t *testing.T) {
	for _, label := range []string{
		"", "-", "localhost", "ipfs", "api", "a---b", "-a-com", "a-com-", "example-1com", "wtp-", "wtp-123", "nearby-abc-1",
		strings.Repeat("a-", 40), strings.ToLower(cidV0),
	} {
		if a, err := address.FromLabel(label); fault.KindOf(err) != fault.Invalid {
			t.Errorf("FromLabel(%q) = %s, %v", label, a, err)
		}
	}
}

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		host, want string
		form       address.HostForm
	}{
		{"example-com.localhost:5484", "example.com", address.HostLabel},
		{"EXAMPLE-com.LOCALHOST", "example.com", address.HostLabel},
		{"example-com.localhost.", "example.com", address.HostLabel},
		{cid36 + ".localhost", "ipfs://" + cidV1, address.HostLabel},
		{cidV1 + ".ipfs.localhost:80", "ipfs://" + cidV1, address.HostSubdomain},
		{key36 + ".ipns.localhost", "ipns://" + key36, address.HostSubdomain},
		{"my--site-org.ipns.localhost", "my-site.org", address.HostSubdomain},
		{"my-site.org.ipns.localhost", "my-site.org", address.HostSubdomain},
	} {
		a, form, err := address.FromHost(c.host)
		if err != nil || a.String() != c.want || form != c.form {
			t.Errorf("FromHost(%s) = %s, %d, %v; want %s", c.host, a, form, err, c.want)
		}
	}
	for _, host := range []string{
		"", "localhost", "localhost:5484", ".localhost", "example.com", "a.b.localhost", "example-com.localhost:x",
		"[::1]:5484", "127.0.0.1:5484", "example-com.localhost.evil.com", "ipfs.localhost", "example.com.ipfs.localhost",
	} {
		if a, _, err := address.FromHost(host); fault.KindOf(err) != fault.Invalid {
			t.Errorf("FromHost(%q) = %s, %v", host, a, err)
		}
	}
}

func TestMagnetHints(t *testing.T) {
	link := "magnet:?xt=urn:btih:" + hash1 + "&dn=A+Site%0A&tr=udp%3A%2F%2Ft.example%3A80&tr.2=ws://127.0.0.1:1/&tr=junk" +
		"&ws=http://w.example/&xs=https://x.example/a.torrent&xs=urn:btpk:" + publicKey + "&x.pe=127.0.0.1:6881&x.pe=[::1]:2&x.pe=x"
	a := parse(t, link)
	want := address.Hints{
		DisplayName:  "A Site",
		Trackers:     []string{"udp://t.example:80", "ws://127.0.0.1:1/"},
		WebSeeds:     []string{"http://w.example/"},
		ExactSources: []string{"https://x.example/a.torrent"},
		Peers:        []string{"127.0.0.1:6881", "[::1]:2"},
	}
	if !reflect.DeepEqual(a.Hints, want) {
		t.Errorf("hints %+v, want %+v", a.Hints, want)
	}
	if b := parse(t, a.Magnet()); !reflect.DeepEqual(b, a) {
		t.Errorf("through Magnet: %+v, want %+v", b, a)
	}
	if _, ok := parse(t, "magnet:?xt=urn:btih:"+hash1+"&xt=urn:btmh:1220"+hash2).InfoHashV2(); !ok {
		t.Error("a hybrid forgot its second infohash")
	}
	many := "magnet:?xt=urn:btih:" + hash1 + strings.Repeat("&x.pe=127.0.0.1:1", 3)
	for i := range 200 {
		many += "&x.pe=127.0.0.1:" + string(rune('1'+i%9)) + string(rune('0'+i/9%10)) + string(rune('0'+i/90))
	}
	if n := len(parse(t, many).Hints.Peers); n > address.MaxHints {
		t.Errorf("%d peers kept", n)
	}
}

func TestMutableMagnets(t *testing.T) {
	for _, link := range []string{
		"magnet:?xs=urn:btpk:" + publicKey + "&s=6e",
		"magnet:?xt=urn:btpk:" + strings.ToUpper(publicKey) + "&s=6E",
	} {
		a := parse(t, link)
		key, salt := a.PublicKey()
		if a.Kind() != address.Mutable || hex.EncodeToString(key[:]) != publicKey || salt != "n" {
			t.Errorf("%s is key %x, salt %q", link, key, salt)
		}
		if b := parse(t, a.String()); b.Key() != a.Key() {
			t.Errorf("%s becomes %s", a, b)
		}
	}
}

func TestURL(t *testing.T) {
	a := parse(t, "my-site.org/a b/?q=1#top")
	if got, err := a.URL("localhost:5484"); err != nil || got != "http://my--site-org.localhost:5484/a%20b/?q=1#top" {
		t.Errorf("URL = %s, %v", got, err)
	}
	if got, err := a.Root().URL("localhost:5484"); err != nil || got != "http://my--site-org.localhost:5484/" {
		t.Errorf("URL of the root = %s, %v", got, err)
	}
}

func TestZeroAddress(t *testing.T) {
	var a address.Address
	if a.Valid() || a.String() != "" || a.Magnet() != "" || a.Network() != address.NetworkNone || a.CID().Defined() {
		t.Errorf("the zero address is %+v", a)
	}
	if _, err := a.Label(); err == nil {
		t.Error("it has a label")
	}
	data, err := json.Marshal(a)
	if err != nil || string(data) != `""` || json.Unmarshal(data, &a) != nil || a.Valid() {
		t.Errorf("through JSON: %s, %v", data, err)
	}
	for _, b := range []address.Address{
		address.FromCID(cid.Undef), address.FromInfoHash([20]byte{}), address.FromInfoHashV2([32]byte{}),
	} {
		if b.Valid() {
			t.Errorf("%+v is valid", b)
		}
	}
}
