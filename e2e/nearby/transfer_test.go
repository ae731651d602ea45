package nearby

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// Exit codes of 'kith nearby'.
const (
	exitPartial  = 3
	exitNoDevice = 10
	exitDeclined = 11
	exitCodeBad  = 12
	exitLocked   = 16
	exitGone     = 17
	exitFull     = 19
)

// strangers are two devices in one room, acquainted two that are paired.
func strangers(t *testing.T) (alice, bob *device) {
	t.Helper()
	r := newRoom(t)
	return r.join("alice"), r.join("bob")
}

func acquainted(t *testing.T) (alice, bob *device) {
	t.Helper()
	alice, bob = strangers(t)
	pair(t, alice, bob)
	return alice, bob
}

// aFile is a file of n bytes to send, and a folder to receive into.
func aFile(t *testing.T, name string, n int64) (src, in string) {
	t.Helper()
	src = filepath.Join(t.TempDir(), name)
	fill(t, src, n, 1)
	return src, t.TempDir()
}

func TestTheSecondTimeNeedsNoCode(t *testing.T) {
	alice, bob := strangers(t)
	src, in := filepath.Join(t.TempDir(), "album"), t.TempDir()
	fill(t, filepath.Join(src, "a", "one.jpg"), 3<<20+1, 1)
	fill(t, filepath.Join(src, "two.jpg"), 100, 2)
	for i, code := range []string{"123456", ""} {
		more := []string{"--once", "--yes"}
		args := []string{src, "--to", "bob"}
		if code != "" {
			more, args = []string{"--once", "--code", code}, append(args, "--code", code)
		}
		p := bob.receive(in, more...)
		if _, code := alice.send(args...); code != 0 {
			t.Fatalf("attempt %d: send ended with %d\n%s", i, code, p.Output())
		}
		if code := ended(t, p); code != 0 {
			t.Fatalf("attempt %d: receive ended with %d:\n%s", i, code, p.Output())
		}
	}
	same(t, filepath.Join(src, "a", "one.jpg"), filepath.Join(in, "album", "a", "one.jpg"))
	same(t, filepath.Join(src, "a", "one.jpg"), filepath.Join(in, "album (2)", "a", "one.jpg"))
	same(t, filepath.Join(src, "two.jpg"), filepath.Join(in, "album (2)", "two.jpg"))
}

func TestBulkGoesOverTheSessionWhereTCPIsRefused(t *testing.T) {
	alice, bob := acquainted(t)
	src, in := aFile(t, "f", 8<<20)
	p := bob.receive(in, "--once", "--yes")
	s, code := alice.send(src, "--to", "bob", "--no-tcp")
	if code != 0 || s.Transfers[0].TCP {
		t.Fatalf("send ended with %d, %+v", code, s)
	}
	if code := ended(t, p); code != 0 {
		t.Fatalf("receive ended with %d:\n%s", code, p.Output())
	}
	same(t, src, filepath.Join(in, "f"))
}

func TestAKilledReceiverGoesOn(t *testing.T) {
	alice, bob := acquainted(t)
	alice.shape("200mbit")
	src, in := aFile(t, "film", 60<<20)
	p := bob.receive(in, "--once", "--yes")
	go func() {
		partial(t, filepath.Join(in, "film"), 8<<20)
		p.Kill()
	}()
	if _, code := alice.send(src, "--to", "bob", "--retry", "0"); code != exitGone {
		t.Fatalf("send to a killed receiver ended with %d", code)
	}
	if names := whole(t, in); len(names) != 0 {
		t.Fatalf("%q look whole", names)
	}
	p = bob.receive(in, "--once", "--yes")
	s, code := alice.send(src, "--to", "bob")
	if code != 0 || ended(t, p) != 0 {
		t.Fatalf("the second attempt ended with %d:\n%s", code, p.Output())
	}
	if s.Transfers[0].Resumed < 4<<20 {
		t.Errorf("%d bytes were resumed", s.Transfers[0].Resumed)
	}
	same(t, src, filepath.Join(in, "film"))
}

func TestAKilledSenderGoesOn(t *testing.T) {
	alice, bob := acquainted(t)
	alice.shape("200mbit")
	src, in := aFile(t, "film", 60<<20)
	p := bob.receive(in, "--yes")
	s := harness.Start(t, alice.program("send", src, "--to", "bob"))
	partial(t, filepath.Join(in, "film"), 8<<20)
	s.Kill()
	again, code := alice.send(src, "--to", "bob", "--wait", "60")
	if code != 0 || again.Transfers[0].Resumed < 4<<20 {
		t.Fatalf("the second attempt ended with %d, %+v\n%s", code, again, p.Output())
	}
	same(t, src, filepath.Join(in, "film"))
}

func TestACutCableIsSurvived(t *testing.T) {
	alice, bob := acquainted(t)
	alice.shape("200mbit")
	src, in := aFile(t, "film", 60<<20)
	p := bob.receive(in, "--once", "--yes")
	go func() {
		partial(t, filepath.Join(in, "film"), 8<<20)
		bob.Plug(false)
		time.Sleep(3 * time.Second) // how long the cable is out
		bob.Plug(true)
	}()
	if _, code := alice.send(src, "--to", "bob"); code != 0 || ended(t, p) != 0 {
		t.Fatalf("send ended with %d:\n%s", code, p.Output())
	}
	same(t, src, filepath.Join(in, "film"))
}

// TestASenderWaitsForADeviceThatWentAway: longer than a session lives.
func TestASenderWaitsForADeviceThatWentAway(t *testing.T) {
	alice, bob := acquainted(t)
	for _, d := range []*device{alice, bob} {
		d.configure("[nearby]\nidle = \"6s\"\n")
	}
	alice.shape("100mbit")
	src, in := aFile(t, "film", 40<<20)
	p := bob.receive(in, "--yes", "--once")
	send := func(until int64, more ...string) *harness.Process {
		s := harness.Start(t, alice.program(append([]string{"send", src, "--to", "bob"}, more...)...))
		partial(t, filepath.Join(in, "film"), until)
		bob.Plug(false)
		alice.awaits(s, "waiting for bob to come back")
		return s
	}
	s := send(4<<20, "--retry", "1")
	if code := ended(t, s); code != exitGone {
		t.Errorf("for a device that stays away: exit code %d\n%s", code, s.Output())
	}
	if names := whole(t, in); len(names) != 0 {
		t.Errorf("%q look whole", names)
	}
	bob.Plug(true)
	s = send(20 << 20)
	bob.Plug(true)
	if code := ended(t, s); code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, s.Output(), p.Output())
	}
	if code := ended(t, p); code != 0 {
		t.Errorf("the receiver ended with %d\n%s", code, p.Output())
	}
	same(t, src, filepath.Join(in, "film"))
	want(t, "what alice reads", s.Output(), "of it were there")
	want(t, "what bob reads", p.Output(), "waiting for alice to come back")
}

func TestWrongCodesAreToldAndLockOut(t *testing.T) {
	alice, bob := strangers(t)
	src, in := aFile(t, "f", 10)
	p := bob.receive(in, "--code", "123456")
	var codes []int
	for range 6 {
		_, code := alice.send(src, "--to", "bob", "--code", "654321")
		codes = append(codes, code)
	}
	if codes[0] != exitCodeBad || codes[5] != exitLocked {
		t.Errorf("exit codes %v", codes)
	}
	if _, code := alice.send(src, "--to", "bob", "--code", "123456"); code != exitLocked {
		t.Errorf("the right code after five wrong ones: exit code %d\n%s", code, p.Output())
	}
	if names := whole(t, in); len(names) != 0 {
		t.Errorf("%q arrived", names)
	}
}

func TestAFullDiskEndsBothSidesClearly(t *testing.T) {
	alice, bob := acquainted(t)
	src, disk := filepath.Join(t.TempDir(), "film"), harness.SmallDisk(t, "24m")
	in := filepath.Join(disk, "in")
	fill(t, src, 32<<20, 1)
	p := bob.receive(in, "--once", "--yes")
	if _, code := alice.send(src, "--to", "bob"); code != exitFull {
		t.Errorf("offering too much ended with %d", code)
	}
	if code := ended(t, p); code != exitFull {
		t.Errorf("the receiver ended with %d:\n%s", code, p.Output())
	}
	// It fits when it is offered, and then something else fills the disk.
	alice.shape("100mbit")
	fill(t, src, 16<<20, 1)
	p = bob.receive(in, "--once", "--yes")
	go func() {
		partial(t, filepath.Join(in, "film"), 2<<20)
		data := make([]byte, 1<<20)
		f, err := os.Create(filepath.Join(disk, "greedy"))
		for err == nil {
			_, err = f.Write(data)
		}
	}()
	if _, code := alice.send(src, "--to", "bob"); code != exitFull {
		t.Errorf("filling the disk ended the sender with %d", code)
	}
	if code := ended(t, p); code != exitFull {
		t.Errorf("filling the disk ended the receiver with %d:\n%s", code, p.Output())
	}
	if names := whole(t, in); len(names) != 0 {
		t.Errorf("%q look whole", names)
	}
}

func TestUnansweredAndUnknown(t *testing.T) {
	alice, bob := strangers(t)
	src, in := aFile(t, "f", 10)
	if _, code := alice.send(src, "--to", "nobody", "--wait", "1"); code != exitNoDevice {
		t.Errorf("sending to nobody ended with %d", code)
	}
	pair(t, alice, bob)
	p := bob.receive(in, "--once") // nobody there to agree
	if _, code := alice.send(src, "--to", "bob"); code != exitDeclined {
		t.Errorf("declined: exit code %d", code)
	}
	if code := ended(t, p); code != exitDeclined {
		t.Errorf("the receiver ended with %d:\n%s", code, p.Output())
	}
}

func TestTwoDevicesOfOneName(t *testing.T) {
	r := newRoom(t)
	alice, bob, other := r.join("alice"), r.join("bob"), r.join("bob")
	pair(t, alice, bob)
	pair(t, bob, alice) // and the other way round, which is known already
	src, in, in2 := filepath.Join(t.TempDir(), "f"), t.TempDir(), t.TempDir()
	fill(t, src, 10, 1)
	p, q := bob.receive(in, "--yes", "--once"), other.receive(in2, "--once", "--code", "111222")
	// The paired bob is meant, as before; the stranger gets nothing.
	if _, code := alice.send(src, "--to", "bob"); code != 0 || ended(t, p) != 0 {
		t.Fatalf("exit code %d\n%s", code, p.Output())
	}
	same(t, src, filepath.Join(in, "f"))
	if names := whole(t, in2); len(names) != 0 {
		t.Errorf("the other bob got %q", names)
	}
	if err := q.Stop(10 * time.Second); err != nil && !strings.Contains(err.Error(), "130") && !strings.Contains(err.Error(), syscall.SIGTERM.String()) {
		t.Errorf("the other bob ended badly: %v", err)
	}
}

func TestAGroupSharesWhatItGets(t *testing.T) {
	const n = 4
	r := newRoom(t)
	alice := r.join("alice")
	src := filepath.Join(t.TempDir(), "film")
	fill(t, src, 24<<20, 1)
	args, processes, folders := []string{src, "--code", "123456"}, []*harness.Process(nil), []string(nil)
	for i := range n {
		d := r.join("pupil" + string(rune('1'+i)))
		in := t.TempDir()
		processes, folders = append(processes, d.receive(in, "--once", "--code", "123456")), append(folders, in)
		args = append(args, "--to", d.name)
	}
	alice.shape("100mbit")
	if _, code := alice.send(args...); code != 0 {
		t.Fatalf("send ended with %d", code)
	}
	for i, p := range processes {
		if code := ended(t, p); code != 0 {
			t.Errorf("receiver %d ended with %d:\n%s", i, code, p.Output())
		}
		same(t, src, filepath.Join(folders[i], "film"))
	}
}
