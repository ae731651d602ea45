package spake2

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"
)

type vectors struct {
	Exchanges []struct {
		Code, Password, Alice, Bob, W, X, Y, PA, PB, K, Hash, Ke, Ka, KcA, KcB, CA, CB string
	}
	SmallOrder []string
	Invalid    []string
}

func read(t testing.TB) vectors {
	t.Helper()
	data, err := os.ReadFile("../../../spec/vectors/spake2-edwards25519.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Exchanges) < 5 || len(v.SmallOrder) < 4 || len(v.Invalid) < 4 {
		t.Fatal("the vectors are not all there")
	}
	return v
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func backwards(b []byte) []byte {
	b = slices.Clone(b)
	slices.Reverse(b)
	return b
}

// TestVectors holds both sides to spec/vectors/spake2-edwards25519.json.
func TestVectors(t *testing.T) {
	for _, v := range read(t).Exchanges {
		g := edwards{}
		w := g.password(unhex(t, v.Password))
		if got := hex.EncodeToString(g.padded(w)); got != v.W {
			t.Fatalf("code %s: w is %s, want %s", v.Code, got, v.W)
		}
		a, err := start(g, Alice, bytes.Clone(w), backwards(unhex(t, v.X)), []byte(v.Alice), []byte(v.Bob))
		if err != nil {
			t.Fatal(err)
		}
		b, err := start(g, Bob, bytes.Clone(w), backwards(unhex(t, v.Y)), []byte(v.Alice), []byte(v.Bob))
		if err != nil {
			t.Fatal(err)
		}
		run(t, v.Code, a, b, map[string]string{"pA": v.PA, "pB": v.PB, "cA": v.CA, "cB": v.CB, "Ke": v.Ke, "KcA": v.KcA, "KcB": v.KcB})
	}
}

// run carries out an exchange and compares what comes out of it.
func run(t *testing.T, name string, a, b *Exchange, want map[string]string) {
	t.Helper()
	cA, err := a.Confirm(b.Public())
	if err != nil {
		t.Fatal(err)
	}
	cB, err := b.Confirm(a.Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.Verify(cB), b.Verify(cA)); err != nil {
		t.Error(name, err)
	}
	got := map[string][]byte{"pA": a.Public(), "pB": b.Public(), "cA": cA, "cB": cB, "Ke": a.Key(), "KcA": b.kcA, "KcB": a.kcB}
	for k, v := range want {
		if hex.EncodeToString(got[k]) != v {
			t.Errorf("%s: %s is %x, want %s", name, k, got[k], v)
		}
	}
	if !bytes.Equal(a.Key(), b.Key()) {
		t.Error(name, "the keys differ")
	}
}

// TestRFC9382AppendixB holds the key schedule to the RFC's own vectors.
func TestRFC9382AppendixB(t *testing.T) {
	for _, v := range []struct{ a, b, w, x, y, pA, pB, ke, kcA, kcB, cA, cB string }{
		{
			"server", "client",
			"2ee57912099d31560b3a44b1184b9b4866e904c49d12ac5042c97dca461b1a5f",
			"43dd0fd7215bdcb482879fca3220c6a968e66d70b1356cac18bb26c84a78d729",
			"dcb60106f276b02606d8ef0a328c02e4b629f84f89786af5befb0bc75b6e66be",
			"04a56fa807caaa53a4d28dbb9853b9815c61a411118a6fe516a8798434751470f9010153ac33d0d5f2047ffdb1a3e42c9b4e6be662766e1eeb4116988ede5f912c",
			"0406557e482bd03097ad0cbaa5df82115460d951e3451962f1eaf4367a420676d09857ccbc522686c83d1852abfa8ed6e4a1155cf8f1543ceca528afb591a1e0b7",
			"0e0672dc86f8e45565d338b0540abe69", "00c12546835755c86d8c0db7851ae86f", "a9fa3406c3b781b93d804485430ca27a",
			"58ad4aa88e0b60d5061eb6b5dd93e80d9c4f00d127c65b3b35b1b5281fee38f0",
			"d3e2e547f1ae04f2dbdbf0fc4b79f8ecff2dff314b5d32fe9fcef2fb26dc459b",
		},
		{
			"", "client",
			"0548d8729f730589e579b0475a582c1608138ddf7054b73b5381c7e883e2efae",
			"403abbe3b1b4b9ba17e3032849759d723939a27a27b9d921c500edde18ed654b",
			"903023b6598908936ea7c929bd761af6039577a9c3f9581064187c3049d87065",
			"04a897b769e681c62ac1c2357319a3d363f610839c4477720d24cbe32f5fd85f44fb92ba966578c1b712be6962498834078262caa5b441ecfa9d4a9485720e918a",
			"04e0f816fd1c35e22065d5556215c097e799390d16661c386e0ecc84593974a61b881a8c82327687d0501862970c64565560cb5671f696048050ca66ca5f8cc7fc",
			"642f05c473c2cd79909f9a841e2f30a7", "c6be376fc7cd1301fd0a13adf3e7bffd", "b7243f4ae60440a49b3f8cab3c1fba07",
			"47d29e6666af1b7dd450d571233085d7a9866e4d49d2645e2df975489521232b",
			"3313c5cefc361d27fb16847a91c2a73b766ffa90a4839122a9b70a2f6bd1d6df",
		},
	} {
		a, err := start(nist{}, Alice, unhex(t, v.w), unhex(t, v.x), []byte(v.a), []byte(v.b))
		if err != nil {
			t.Fatal(err)
		}
		b, err := start(nist{}, Bob, unhex(t, v.w), unhex(t, v.y), []byte(v.a), []byte(v.b))
		if err != nil {
			t.Fatal(err)
		}
		run(t, v.a+"/"+v.b, a, b, map[string]string{"pA": v.pA, "pB": v.pB, "Ke": v.ke, "KcA": v.kcA, "KcB": v.kcB, "cA": v.cA, "cB": v.cB})
	}
}

// TestOnlyTheSameCodeAndIdentitiesAgree goes by everything that has to be equal.
func TestOnlyTheSameCodeAndIdentitiesAgree(t *testing.T) {
	for _, suite := range []Suite{Edwards25519(), P256Legacy()} {
		for _, c := range []struct {
			name, code, alice, bob string
			ok                     bool
		}{
			{"the same", "1", "a", "b", true},
			{"another code", "2", "a", "b", false},
			{"somebody in the place of Alice", "1", "m", "b", false},
			{"somebody in the place of Bob", "1", "a", "m", false},
			{"turned around", "1", "b", "a", false},
		} {
			a, err := New(suite, Alice, []byte("1"), []byte("a"), []byte("b"))
			if err != nil {
				t.Fatal(err)
			}
			b, err := New(suite, Bob, []byte(c.code), []byte(c.alice), []byte(c.bob))
			if err != nil {
				t.Fatal(err)
			}
			cA, err := a.Confirm(b.Public())
			if err != nil {
				t.Fatal(err)
			}
			cB, err := b.Confirm(a.Public())
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Verify(cB); (err == nil) != c.ok {
				t.Errorf("%s: Alice says %v", c.name, err)
			}
			if err := b.Verify(cA); (err == nil) != c.ok {
				t.Errorf("%s: Bob says %v", c.name, err)
			}
			if a.Verify(cA) == nil || b.Verify(cB) == nil {
				t.Errorf("%s: a side takes its own confirmation sent back", c.name)
			}
		}
	}
}

func TestUnusablePointsAreRefused(t *testing.T) {
	v := read(t)
	for _, point := range append(v.SmallOrder, v.Invalid...) {
		a, err := New(Edwards25519(), Alice, []byte("1"), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Confirm(unhex(t, point)); !errors.Is(err, ErrPoint) {
			t.Errorf("%s: %v", point, err)
		}
	}
	// The peer sends w*N itself: the shared element would be the identity.
	a, err := New(Edwards25519(), Alice, []byte("1"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	zero := make([]byte, 32)
	wN, err := edwards{}.blind(zero, edwards{}.password([]byte("1")), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Confirm(wN); !errors.Is(err, ErrPoint) {
		t.Errorf("the identity: %v", err)
	}
	for _, point := range [][]byte{nil, {0}, {4}, make([]byte, 65)} {
		b, err := New(P256Legacy(), Bob, []byte("1"), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Confirm(point); !errors.Is(err, ErrPoint) {
			t.Errorf("P-256 %x: %v", point, err)
		}
	}
}

func TestAnExchangeIsGoodForOneAttempt(t *testing.T) {
	a, err := New(Edwards25519(), Alice, []byte("1"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(make([]byte, 32)); err == nil {
		t.Error("a confirmation before the public value is taken")
	}
	b, err := New(Edwards25519(), Bob, []byte("1"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Confirm(b.Public()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Confirm(b.Public()); err == nil {
		t.Error("a second public value is taken")
	}
}

func FuzzPeerValue(f *testing.F) {
	v := read(f)
	for _, p := range append(v.SmallOrder, v.Invalid...) {
		f.Add(unhex(f, p))
	}
	f.Add(unhex(f, v.Exchanges[0].PB))
	f.Fuzz(func(t *testing.T, point []byte) {
		for _, s := range []Suite{Edwards25519(), P256Legacy()} {
			a, err := New(s, Alice, []byte("1"), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c, err := a.Confirm(point); err == nil && len(c) != 32 {
				t.Fatalf("a confirmation of %d octets", len(c))
			}
		}
	})
}
