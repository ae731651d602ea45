package cli

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"time"

	"rsc.io/qr"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
)

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 10 << 10: "10 KiB", 1<<20 - 1: "1.0 MiB",
		1536 << 10: "1.5 MiB", 200 << 20: "200 MiB", 5 << 40: "5.0 TiB", 5000 << 40: "5000 TiB",
	} {
		if got := bytesText(n).String(); got != want {
			t.Errorf("bytesText(%d) = %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		-1: "0 s", 59 * time.Second: "59 s", 90 * time.Second: "1 min", 90 * time.Minute: "1 h 30 min", 72 * time.Hour: "3 days",
	} {
		if got := duration(d).String(); got != want {
			t.Errorf("duration(%v) = %s, want %s", d, got, want)
		}
	}
	if share(0, 0).String() != "-" || share(1, 3).String() != "33%" || share(3, 3).String() != "all" {
		t.Error("share is wrong")
	}
	if got := bytesText(1536 << 10).In(text.New().For("de")); got != "1,5 MiB" {
		t.Errorf("in German: %s", got)
	}
}

func TestStrangersDoNotSteerTheTerminal(t *testing.T) {
	if got := printable("a\x1b[2Jb\r\n\u202ec"); strings.ContainsAny(got, "\x1b\r\n\u202e") {
		t.Errorf("printable left %q", got)
	}
	if got := clip("äöüäöü", 4); got != "äöü…" {
		t.Errorf("clip = %q", got)
	}
}

func TestNamesThatWouldLeaveTheFolder(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", `a\b`, "a\x00"} {
		if safeName(name) {
			t.Errorf("%q is taken for safe", name)
		}
	}
	if !safeName("..a") || !safeName("with space") {
		t.Error("a good name is refused")
	}
}

// TestQRCodeIsDrawnWhole reads the drawing back, module by module.
func TestQRCodeIsDrawnWhole(t *testing.T) {
	code, err := qr.Encode("ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi", qr.L)
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSuffix(halfBlocks(code), "\n"), "\n")
	black := func(x, y int) bool {
		c := []rune(rows[(y+quiet)/2])[x+quiet]
		if (y+quiet)%2 == 0 {
			return c == ' ' || c == '▄'
		}
		return c == ' ' || c == '▀'
	}
	for y := range code.Size {
		for x := range code.Size {
			if black(x, y) != code.Black(x, y) {
				t.Fatalf("module %d,%d is wrong", x, y)
			}
		}
	}
}

func TestAFileIsKnownByItsBeginning(t *testing.T) {
	for name, c := range map[string]struct {
		head string
		want bool
	}{
		"a.torrent": {"", true}, "a.car": {"d8:announce", false}, "-": {"d8:announce", true},
		"b": {"\x3a\xa2eroots", false}, "c": {"", false},
	} {
		if got := isTorrent(name, bufio.NewReader(strings.NewReader(c.head))); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestErrorsEndInTheNextStep(t *testing.T) {
	var out bytes.Buffer
	p := &program{Streams: Streams{Err: &out}}
	p.complain(fault.New(fault.NotRunning, "no node is running"))
	if got := out.String(); got != "kith: no node is running\n  start the node with 'kith up'\n" {
		t.Errorf("%q", got)
	}
	out.Reset()
	p.complain(fault.New(fault.Canceled, "stopped"))
	if out.Len() > 0 {
		t.Errorf("a person who pressed Ctrl-C is told %q", out.String())
	}
}

func TestWhatOthersSayIsUnderstood(t *testing.T) {
	german := text.New().For("de")
	for message, want := range map[string]string{
		`unknown command "x"`:                      `den Befehl "x" gibt es nicht`,
		"unknown flag: --x":                        "den Schalter --x gibt es nicht",
		`unknown shorthand flag: 'x' in -x`:        "den kurzen Schalter 'x' in -x gibt es nicht",
		"accepts at most 1 arg(s), received 2":     "nimmt höchstens 1 Argumente und bekam 2",
		`invalid argument "a\"b" for "-n" flag: y`: `der Wert "a\"b" passt nicht zum Schalter "-n": y`,
		"something else":                           "something else",
	} {
		err := foreign(message)
		if err.Error() != message {
			t.Errorf("%q became %q", message, err)
		}
		if said := fault.Localize(err, german).Error(); said != want {
			t.Errorf("in German: %q, want %q", said, want)
		}
	}
}
