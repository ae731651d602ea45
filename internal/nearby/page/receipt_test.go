package page_test

import (
	"bytes"
	"testing"
)

// A page hears of every octet that was passed on: of many at once, and of few
// without sending more.
func TestAllCreditComesBack(t *testing.T) {
	p := connected(t, nil)
	p.a.say(`{"op":"open-channel","id":3,"connection":%d,"label":"","protocol":""}`, p.idA)
	p.a.hear("opened")
	p.b.hear("channel")
	for _, size := range []int{0, 1, 100, 1 << 16, 5} {
		if err := p.a.send(2, 3, bytes.Repeat([]byte("x"), size)); err != nil {
			t.Fatal(err)
		}
		_, _, got := p.b.take()
		if len(got) != size {
			t.Fatalf("%d octets came of %d", len(got), size)
		}
		for owed := size + 32; owed != 0; { // 32: what a message costs (spec/local-peer-to-peer.md §4)
			m := p.a.hear("credit")
			if owed -= number(m, "bytes"); owed < 0 || number(m, "id") != 3 {
				t.Fatalf("%v for a message of %d octets", m, size)
			}
		}
	}
}
