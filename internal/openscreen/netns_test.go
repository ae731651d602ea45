package openscreen

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/loud"
)

// namespace makes two network namespaces that a cable joins, as two computers on
// one network have it, and returns their names.
func namespace(t *testing.T) [2]string {
	t.Helper()
	if os.Getuid() != 0 {
		loud.Skip(t, "network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		loud.Skip(t, "network namespaces need the program ip")
	}
	id := os.Getpid() % 100000
	names := [2]string{fmt.Sprintf("osp%da", id), fmt.Sprintf("osp%db", id)}
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			loud.Skip(t, "network namespaces cannot be made here: ip %s: %s", strings.Join(args, " "), out)
		}
	}
	for _, n := range names {
		run("netns", "add", n)
		t.Cleanup(func() {
			if out, err := exec.Command("ip", "netns", "delete", n).CombinedOutput(); err != nil {
				t.Errorf("%s", out)
			}
		})
	}
	run("link", "add", "osp0", "netns", names[0], "type", "veth", "peer", "name", "osp0", "netns", names[1])
	for i, n := range names {
		run("-n", n, "address", "add", fmt.Sprintf("10.77.0.%d/24", i+1), "dev", "osp0")
		run("-n", n, "address", "add", fmt.Sprintf("fd77::%d/64", i+1), "dev", "osp0", "nodad")
		run("-n", n, "link", "set", "lo", "up")
		run("-n", n, "link", "set", "osp0", "up")
	}
	return names
}

// legacyName is an agent that speaks the legacy profile.
const legacyName = "legacy"

// remote is an agent in another process, told what to do by lines.
type remote struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
	cmd *exec.Cmd
}

// inNamespace runs this test program as an agent in a namespace.
func inNamespace(t *testing.T, ns, name string) *remote {
	t.Helper()
	cmd := exec.Command("ip", "netns", "exec", ns, os.Args[0], "-test.run=^TestRemoteAgent$", "-test.v=false")
	cmd.Env = append(os.Environ(), "OPENSCREEN_TEST_AGENT="+name)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone already
		_ = cmd.Wait()
	})
	return &remote{t, in, bufio.NewScanner(out), cmd}
}

// expect reads lines until one begins with what is wanted, and returns the rest.
func (r *remote) expect(word string) string {
	r.t.Helper()
	for r.out.Scan() {
		if rest, ok := strings.CutPrefix(r.out.Text(), word); ok {
			return strings.TrimSpace(rest)
		}
		if rest, ok := strings.CutPrefix(r.out.Text(), "error "); ok {
			r.t.Fatalf("the agent fails: %s", rest)
		}
	}
	r.t.Fatalf("the agent ended before %q", word)
	return ""
}

func (r *remote) tell(line string) {
	r.t.Helper()
	if _, err := fmt.Fprintln(r.in, line); err != nil {
		r.t.Fatal(err)
	}
}

// TestRemoteAgent is no test: it is the agent of tests with namespaces.
func TestRemoteAgent(t *testing.T) {
	name := os.Getenv("OPENSCREEN_TEST_AGENT")
	if name == "" {
		t.Skip("started by tests with network namespaces only")
	}
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{DisplayName: name, Identity: id, Ease: 50, Prompter: FixedCode("123456")}
	if name == legacyName {
		o.Legacy, o.Ease = true, 0
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for e := range a.Watch(context.Background()) {
			data, err := json.Marshal(e.Device)
			if err != nil {
				t.Error(err)
			}
			fmt.Printf("%s %s\n", e.Kind, data)
		}
	}()
	go func() {
		for {
			s, err := a.Accept(context.Background())
			if err != nil {
				return
			}
			go echo(s)
		}
	}()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		obey(a, lines.Text())
	}
}

// echo sends messages of data channels back.
func echo(s *Session) {
	ctx := context.Background()
	r, err := s.AcceptDataChannel(ctx)
	if err != nil {
		return
	}
	ch, err := r.Accept()
	if err != nil {
		return
	}
	for {
		e, m, err := ch.Receive(ctx)
		if err != nil || ch.Send(ctx, e, m) != nil {
			return
		}
	}
}

// obey does what a line says.
func obey(a *Agent, line string) {
	word, rest, _ := strings.Cut(line, " ")
	var err error
	switch word {
	case "advertise":
		err = a.SetAdvertising(rest == "on")
	case "discover":
		err = a.SetDiscovering(true)
	case "dial":
		err = dialAndTalk(a, rest)
	}
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("done", word)
}

func dialAndTalk(a *Agent, device string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var d Device
	if err := json.Unmarshal([]byte(device), &d); err != nil {
		return err
	}
	s, err := a.Dial(ctx, d)
	if err != nil {
		return err
	}
	if err := s.Authenticate(ctx, FixedCode("123456")); err != nil {
		return err
	}
	ch, err := echoing(ctx, s)
	if err != nil {
		return err
	}
	var best time.Duration
	for range 100 {
		begin := time.Now()
		if err := ch.Send(ctx, EncodingString, []byte("ping")); err != nil {
			return err
		}
		if _, m, err := ch.Receive(ctx); err != nil || string(m) != "ping" {
			return fmt.Errorf("%q came back: %w", m, err)
		}
		if took := time.Since(begin); best == 0 || took < best {
			best = took
		}
	}
	fmt.Println("ping", best)
	return nil
}

// echoing opens a data channel whose messages come back. The legacy peer loses
// one that comes before it is ready, and does not say when it is: then another
// is opened.
func echoing(ctx context.Context, s *Session) (*DataChannel, error) {
	for {
		ch, err := s.OpenDataChannel(ctx, ChannelOptions{Label: "echo", ID: AutoID})
		if err != nil || !s.silent() {
			return ch, err
		}
		if err := ch.Send(ctx, EncodingString, []byte("are you there?")); err != nil {
			return nil, err
		}
		wait, cancel := context.WithTimeout(ctx, time.Second)
		_, _, err = ch.Receive(wait)
		cancel()
		if err == nil || ctx.Err() != nil {
			return ch, err
		}
		ch.Reset()
	}
}

// TestTwoComputersOnOneNetwork: discovery by real multicast on port 5353, IPv4
// and IPv6, authentication, a data channel, the goodbye, and a cable that is cut.
func TestTwoComputersOnOneNetwork(t *testing.T) {
	ns := namespace(t)
	a, b := inNamespace(t, ns[0], "left"), inNamespace(t, ns[1], "right")
	a.tell("discover")
	a.expect("done")
	b.tell("advertise on")
	b.expect("done")
	found := a.expect("found")
	var d Device
	if err := json.Unmarshal([]byte(found), &d); err != nil || d.Name != "right" || len(d.Addrs) < 2 || !d.Addrs[0].Addr().Is4() || !d.Addrs[1].Addr().Is6() {
		t.Fatalf("found %s, %v", found, err)
	}
	a.tell("dial " + found)
	t.Logf("a message there and back takes %s", a.expect("ping"))
	a.expect("done dial")
	for i := range d.Addrs { // and by each address alone
		one := d
		one.Addrs = d.Addrs[i : i+1]
		data, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		a.tell("dial " + string(data))
		a.expect("done dial")
	}
	b.tell("advertise off")
	a.expect("lost")
	b.tell("advertise on")
	a.expect("found")
	if out, err := exec.Command("ip", "-n", ns[1], "link", "set", "osp0", "down").CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	if out, err := exec.Command("ip", "-n", ns[1], "link", "set", "osp0", "up").CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	b.tell("advertise off")
	a.expect("lost")
}
