package wire_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"testing"

	"github.com/kith-web/kith/internal/openscreen/wire"
)

func codec(t testing.TB) *wire.Codec {
	t.Helper()
	c, err := wire.NewCodec(1<<20, 4096)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func messages() []any {
	at := "YWJj"
	return []any{
		&wire.InfoRequest{ID: 7},
		&wire.InfoResponse{ID: 7, Info: wire.AgentInfo{DisplayName: "Küche", Capabilities: []uint64{1100}, StateToken: "abcd1234", Locales: []string{"de"}}},
		&wire.InfoEvent{Info: wire.AgentInfo{DisplayName: "x", Model: "y", Capabilities: []uint64{}, Locales: []string{}}},
		&wire.StatusRequest{ID: 1}, &wire.StatusResponse{ID: 1},
		&wire.AuthCapabilities{Ease: 100, Methods: []uint64{0, 1}, Bits: 20},
		&wire.AuthHandshake{Token: wire.Token{Token: &at}, Status: wire.Shown, Public: []byte{1, 2}},
		&wire.AuthHandshake{Status: wire.Input, Public: []byte{3}},
		&wire.AuthConfirmation{Value: bytes.Repeat([]byte{9}, 32)},
		&wire.AuthStatus{Result: wire.ProofInvalid},
		&wire.ChannelRequest{ID: 3, Channel: 65534, Label: "l", Protocol: "p"},
		&wire.ChannelResponse{ID: 3, Result: wire.Success},
		&wire.DataFrame{Encoding: 1, Payload: []byte("text")},
		&wire.Recognition{Known: true},
		&wire.TransportRequest{Transport: 4, Protocol: "p/1"},
		&wire.TransportResponse{Transport: 4, Result: wire.Success},
		&wire.TransportClose{Transport: 4, Code: 9, Reason: "r"},
		&wire.LegacyNeedsCode{Token: "t"},
	}
}

func TestMessagesComeBackInOneStream(t *testing.T) {
	c := codec(t)
	var stream []byte
	for _, m := range messages() {
		var err error
		if stream, err = c.Append(stream, m); err != nil {
			t.Fatal(err)
		}
	}
	r := bufio.NewReader(iotestOneByte{bytes.NewReader(stream)})
	for _, want := range messages() {
		got, err := c.Read(r)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %#v (%v), want %#v", got, err, want)
		}
	}
	if _, err := c.Read(r); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

type iotestOneByte struct{ r io.Reader }

func (o iotestOneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

// TestOctets holds messages to their octets, worked out by hand from RFC 8949.
func TestOctets(t *testing.T) {
	c := codec(t)
	for want, m := range map[string]any{
		"0aa10007":         &wire.InfoRequest{ID: 7},
		"43eca10005":       &wire.AuthStatus{Result: 5},
		"18a2000104426869": &wire.DataFrame{Encoding: 1, Payload: []byte("hi")},
		"6012a100f5":       &wire.Recognition{Known: true},
	} {
		got, err := c.Append(nil, m)
		if err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%#v is %x (%v), want %s", m, got, err, want)
		}
	}
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	c := codec(t)
	for name, h := range map[string]string{
		"no value":                    "0a",
		"half a key":                  "40",
		"text in place of a map":      "0a6161",
		"a field of another type":     "0aa1006161",
		"the same key twice":          "0aa200070008",
		"text that is not UTF-8":      "4078a100a50061ff0160028003600480",
		"a number out of bounds":      "43eca10006",
		"an ease of input of 101":     "43e9a300186501800214",
		"eleven levels":               "0aa1008181818181818181818101",
		"a reserved argument":         "0a1c",
		"a break at the top":          "0aff",
		"a break in the middle":       "0abf00ff",
		"a chunk of another type":     "0aa1005f6161ff",
		"a tag":                       "0ac0a10007",
		"a string longer than memory": "18a20000045bffffffffffffffff",
		"an array longer than memory": "0aa1009bffffffffffffffff",
		"a map longer than memory":    "0abbffffffffffffffff",
		"string data that is no text": "18a200010441ff",
		"a channel out of range":      "444da400030119ffff0261610360",
	} {
		raw, err := hex.DecodeString(h)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m, err := c.Read(bufio.NewReader(bytes.NewReader(raw))); err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: got %#v, %v", name, m, err)
		}
	}
	_, err := c.Read(bufio.NewReader(bytes.NewReader([]byte{63, 0xa0})))
	var unknown *wire.UnknownKeyError
	if !errors.As(err, &unknown) || unknown.Key != 63 {
		t.Errorf("an unknown key gives %v", err)
	}
}

func TestUnknownFieldsAreSkipped(t *testing.T) {
	raw, err := hex.DecodeString("0aa300071864016365787482" + "0102")
	if err != nil {
		t.Fatal(err)
	}
	m, err := codec(t).Read(bufio.NewReader(bytes.NewReader(raw)))
	if got, ok := m.(*wire.InfoRequest); !ok || err != nil || got.ID != 7 {
		t.Errorf("got %#v, %v", m, err)
	}
}

func TestAMessageOverItsLimitIsNotKept(t *testing.T) {
	c := codec(t)
	if _, err := c.Append(nil, &wire.DataFrame{Payload: make([]byte, 1<<20+1)}); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("writing: %v", err)
	}
	big, err := wire.NewCodec(2<<20, 4096)
	if err != nil {
		t.Fatal(err)
	}
	data, err := big.Append(nil, &wire.DataFrame{Payload: make([]byte, 1<<20+100)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(bufio.NewReader(bytes.NewReader(data))); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("reading: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	c := codec(f)
	for _, m := range messages() {
		data, err := c.Append(nil, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte{24, 0xbf, 0, 0, 4, 0x5f, 0x41, 1, 0x41, 2, 0xff, 0xff})
	f.Add([]byte{10, 0x9f, 0x9f, 0x9f, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		m, err := c.Read(bufio.NewReaderSize(r, 16))
		if err != nil {
			return
		}
		again, err := c.Append(nil, m)
		if err != nil {
			t.Fatalf("%#v was read and cannot be written: %v", m, err)
		}
		second, err := c.Read(bufio.NewReader(bytes.NewReader(again)))
		if err != nil || !reflect.DeepEqual(norm(m), norm(second)) {
			t.Fatalf("%#v came back as %#v, %v", m, second, err)
		}
	})
}

// norm makes nil and empty alike, which CBOR does not tell apart here.
func norm(m any) any {
	switch m := m.(type) {
	case *wire.DataFrame:
		return string(m.Payload)
	case *wire.AuthHandshake:
		return string(m.Public)
	case *wire.InfoResponse:
		return m.Info.DisplayName
	case *wire.InfoEvent:
		return m.Info.DisplayName
	case *wire.AuthCapabilities:
		return m.Ease
	}
	return m
}
