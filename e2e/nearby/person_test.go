package nearby

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const exitStopped = 130

// person runs a command on a terminal of the device.
func (d *device) person(args ...string) *harness.Terminal {
	d.t.Helper()
	return harness.StartOnTerminal(d.t, d.program(args...))
}

// code reads the code that a terminal shows.
func (d *device) code(p *harness.Terminal) string {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	m, err := p.Await(ctx, regexp.MustCompile(`code: ([\d-]+)\r?\n`))
	if err != nil {
		d.t.Fatal(err)
	}
	return m[1]
}

func TestPeoplePairTwoDevicesOnTheirTerminals(t *testing.T) {
	alice, bob := strangers(t)
	shows := bob.person("pair", "--name", "bob")
	code := bob.code(shows)
	want(t, "what bob shows", shows.Output(), "█") // the QR code
	for _, typed := range []struct {
		text string
		exit int
	}{{"\x03", exitStopped}, {"000-000\r", exitCodeBad}, {code + "\r", 0}} {
		types := alice.person("pair", "bob", "--name", "alice")
		alice.awaits(types.Process, "code that bob shows: ")
		types.Type(typed.text)
		if got := ended(t, types.Process); got != typed.exit {
			t.Fatalf("%q: exit code %d, not %d\n%s", typed.text, got, typed.exit, types.Output())
		}
		if typed.exit == 0 {
			want(t, "what alice reads", types.Output(), "paired with bob")
		}
	}
	if got := ended(t, shows.Process); got != 0 {
		t.Errorf("bob's command ended with %d\n%s", got, shows.Output())
	}
	want(t, "what bob reads", shows.Output(), "paired with alice")
}

func TestAPersonIsAskedUnlessTheDeviceIsTrusted(t *testing.T) {
	alice, bob := acquainted(t)
	src, in := aFile(t, "letter.txt", 5000)
	for i, step := range []struct {
		before []string // of bob
		typed  string   // "" where nobody is asked
		exit   int
	}{
		{nil, "n\r", exitDeclined},
		{nil, "\r", exitDeclined},
		{nil, "y\r", 0},
		{[]string{"trust", "alice", "--rename", "laptop"}, "", 0},
		{[]string{"trust", "laptop", "--off"}, "y\r", 0},
	} {
		if step.before != nil {
			harness.Run(t, bob.program(step.before...))
		}
		p := bob.person("receive", "--once", "--into", in, "--name", "bob")
		bob.awaits(p.Process, "waiting for files as")
		s := harness.Start(t, alice.program("send", src, "--to", "bob"))
		if step.typed != "" {
			bob.awaits(p.Process, "take letter.txt (4.9 KiB) from")
			bob.awaits(p.Process, "[y/N]")
			p.Type(step.typed)
		}
		if got := ended(t, s); got != step.exit {
			t.Errorf("step %d: send ended with %d\n%s", i, got, s.Output())
		}
		if got := ended(t, p.Process); got != step.exit {
			t.Errorf("step %d: receive ended with %d\n%s", i, got, p.Output())
		}
		if asked := strings.Contains(p.Output(), "[y/N]"); asked != (step.typed != "") {
			t.Errorf("step %d: asked is %v\n%s", i, asked, p.Output())
		}
		if i == 3 {
			want(t, "what bob reads", p.Output(), "from laptop: 1 file")
		}
	}
	if names := whole(t, in); len(names) != 3 {
		t.Errorf("%q arrived", names)
	}
}

func TestAPersonChoosesADeviceAndTypesItsCode(t *testing.T) {
	alice, bob := strangers(t)
	src, in := aFile(t, "letter.txt", 5000)
	p := bob.person("receive", "--once", "--into", in, "--name", "bob")
	code := bob.code(p)
	s := alice.person("send", src, "--name", "alice")
	alice.awaits(s.Process, "send to which (numbers, or enter for 1): ")
	want(t, "the choice", s.Output(), "  1  bob")
	s.Type("7\r")
	if got := ended(t, s.Process); got != 2 {
		t.Errorf("a number that there is not: exit code %d\n%s", got, s.Output())
	}
	s = alice.person("send", src, "--name", "alice")
	alice.awaits(s.Process, "send to which")
	s.Type("\r")
	alice.awaits(s.Process, "code that bob shows: ")
	s.Type(code + "\r")
	bob.awaits(p.Process, "take letter.txt (4.9 KiB) from alice")
	p.Type("y\r")
	if a, b := ended(t, s.Process), ended(t, p.Process); a != 0 || b != 0 {
		t.Errorf("exit codes %d and %d\n%s\n%s", a, b, s.Output(), p.Output())
	}
	same(t, src, filepath.Join(in, "letter.txt"))
}
