package node

import "testing"

func TestOnlyTheProgramsOwnPagesThatCannotBeWrittenAreGivenBack(t *testing.T) {
	for line, want := range map[string]bool{
		"00400000-01ab4000 r-xp 00000000 fe:00 1 /bin/kith":  true,
		"01ab4000-036f6000 r--p 016b4000 fe:00 1 /bin/kith":  true,
		"036f6000-03825000 rw-p 032f6000 fe:00 1 /bin/kith":  false,
		"00400000-01ab4000 r-xp 00000000 fe:00 1 /lib/other": false,
		"7f3918a70000-7f3918ad0000 rw-p 00000000 00:00 0":    false,
		"01ab4000-01ab4000 r--p 016b4000 fe:00 1 /bin/kith":  false,
		"no-address r--p 016b4000 fe:00 1 /bin/kith":         false,
		"00400000 r--p 016b4000 fe:00 1 /bin/kith":           false,
		"": false,
		"00400000-1ffffffffffffffff r--p 016b4000 fe:00 1 /bin/kith": false,
	} {
		from, to, ok := readOnly([]byte(line), "/bin/kith")
		if ok != want || ok && to <= from {
			t.Errorf("%q: %x-%x %v", line, from, to, ok)
		}
	}
	settle() // and what is needed comes back
	if got, want := len(defaultNearby().Listen), len(":5485"); got != want {
		t.Errorf("%d octets after pages were given back, not %d", got, want)
	}
}
