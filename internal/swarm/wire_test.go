package swarm

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

func FuzzMessages(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 13, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 64, 0}, 9)
	f.Add(append(extendedMessage("Kith", 10), simple(msgHaveAll)...), 100)
	f.Add(block{1, 2, 3}.message(msgCancel), 1)
	f.Add(append(begin(msgBitfield, 2), 255, 128), 9)
	f.Fuzz(func(t *testing.T, data []byte, pieces int) {
		r := &reader{r: bytes.NewReader(data), pieces: pieces & 0xffff}
		for {
			m, err := r.next()
			if err != nil {
				return
			}
			if len(m.body) > max(maxOther, (r.pieces+7)/8) {
				t.Fatalf("a body of %d octets", len(m.body))
			}
			switch m.kind {
			case msgRequest, msgCancel:
				if b := readBlock(m.body); !m.keepAlive && !bytes.Equal(b.message(m.kind)[5:], m.body) {
					t.Fatalf("%v is not %x", b, m.body)
				}
			case msgExtended:
				if len(m.body) > 0 {
					checkName(t, clientName(m.body[1:]))
				}
			}
		}
	})
}

func FuzzClientName(f *testing.F) {
	f.Add([]byte("d1:mde4:reqqi512e1:v4:Kithe"))
	f.Add([]byte("d1:md11:ut_metadatai1e6:ut_pexi2ee1:v17:\xff\x00\x1b[31mTransmissi"))
	f.Add([]byte("d1:mllllllllllllllllllllllllleeeeeeeeeeeeeeeeeeeeeeeeee1:v1:ae"))
	f.Fuzz(func(t *testing.T, data []byte) { checkName(t, clientName(data)) })
}

func checkName(t *testing.T, name string) {
	t.Helper()
	if len(name) > maxClient+utf8.UTFMax || !utf8.ValidString(name) || bytes.ContainsAny([]byte(name), "\x00\x1b\n") {
		t.Fatalf("the name %q", name)
	}
}

func TestNamesOfPrograms(t *testing.T) {
	for dict, want := range map[string]string{
		"d1:v4:Kithe":                       "Kith",
		"d1:md6:ut_pexi1ee4:reqqi5e1:v3:Xe": "",
		"d1:md6:ut_pexi1ee4:reqqi5e1:v1:Xe": "X",
		"d1:v9:a\x1b[31mb\n!e":              "a[31mb!",
		"d1:v999999:xe":                     "",
		"li1ee":                             "",
		"":                                  "",
	} {
		if got := clientName([]byte(dict)); got != want {
			t.Errorf("%q: %q, want %q", dict, got, want)
		}
	}
}

func FuzzHandshake(f *testing.F) {
	f.Add(handshake{[20]byte{1}, [20]byte{2}, true, true}.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readHandshake(bytes.NewReader(data))
		if err != nil {
			return
		}
		again, err := readHandshake(bytes.NewReader(h.encode()))
		if err != nil || again != h {
			t.Fatalf("%+v became %+v, %v", h, again, err)
		}
	})
}
