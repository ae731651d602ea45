package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/kith-web/kith/e2e/harness"
)

// patience is for everything that two nodes and a relay do together.
const patience = 90 * time.Second

// kith is the kith program, built once.
var kith string

func TestMain(m *testing.M) { os.Exit(harness.Main(m, &kith)) }

// reader does what a page says.
type reader struct {
	t      *testing.T
	dir    string            // where the commands run
	env    []string          // of all of them
	stand  map[string]string // what is written differently here than on the page
	things []*harness.Process
	room   *harness.Room
	places map[string]*harness.Place
}

// newReader has an empty folder, kith in the PATH, and ports of its own for those
// that the page names.
func newReader(t *testing.T) *reader {
	t.Helper()
	bin := t.TempDir()
	must(t, os.Symlink(kith, filepath.Join(bin, "kith")))
	r := &reader{
		t: t, dir: t.TempDir(), env: []string{"PATH=" + bin + ":" + os.Getenv("PATH")},
		stand: map[string]string{}, places: map[string]*harness.Place{},
	}
	for _, port := range []string{"5484", "5487", "5494", "42069"} {
		r.stand[":"+port] = fmt.Sprint(":", harness.FreePort(t))
	}
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestTenMinutes runs every block of the page as somebody who reads it does.
func TestTenMinutes(t *testing.T) {
	harness.Need(t, "sh")
	r := newReader(t)
	for _, b := range read(t, "ten-minutes.md") {
		for from, to := range r.stand {
			b.script = strings.ReplaceAll(b.script, from, to)
		}
		if at, ok := b.note["at"]; ok {
			if os.Getuid() != 0 {
				continue // said by TestTheRoomNeedsRoot
			}
			r.place(at)
		}
		r.do(b)
	}
	if left, err := os.ReadDir(r.dir); err != nil || len(left) > 0 && r.room == nil {
		t.Errorf("the page leaves %v, %v", left, err)
	}
}

// TestTheRoomNeedsRoot says that a part of the page was not run.
func TestTheRoomNeedsRoot(t *testing.T) { harness.NeedRoot(t) }

// do runs one block.
func (r *reader) do(b block) {
	r.t.Helper()
	if _, ok := b.note["last"]; ok {
		r.end()
	}
	if _, ok := b.note["node"]; ok {
		r.up(b)
		return
	}
	if text, ok := b.note["stays"]; ok {
		p := harness.Start(r.t, r.program(b, "exec "))
		ctx, cancel := context.WithTimeout(r.t.Context(), patience)
		defer cancel()
		_, err := p.Await(ctx, regexp.MustCompile(regexp.QuoteMeta(text)))
		must(r.t, err)
		if b.note["at"] == "" {
			r.things = append(r.things, p)
		}
		return
	}
	said := r.says(b)
	if name, pattern, ok := strings.Cut(b.note["take"], " "); ok {
		m := regexp.MustCompile(pattern).FindStringSubmatch(said)
		if m == nil {
			r.t.Fatalf("%s does not print %s but\n%s", b, pattern, said)
		}
		r.stand[name] = m[1]
	}
}

// says runs a block to its end and returns what it printed: what the page says it
// does, at once or soon.
func (r *reader) says(b block) string {
	r.t.Helper()
	pattern, patient := b.note["soon"]
	if !patient {
		pattern = b.note["says"]
	}
	want := regexp.MustCompile(pattern)
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	for tick := time.NewTicker(200 * time.Millisecond); ; {
		out, bad, err := harness.TryRun(r.t, r.program(b, ""))
		if err == nil && !want.MatchString(out) {
			err = errors.New("it does not print " + pattern)
		}
		if err == nil {
			return out
		}
		select {
		case <-tick.C:
			if patient {
				continue
			}
		case <-ctx.Done():
		}
		r.t.Fatalf("%s%v\n%s%s", b, err, out, bad)
	}
}

// program runs a block by the shell. before stands before its last line, so that a
// program that stays is the process itself.
func (r *reader) program(b block, before string) harness.Program {
	script := strings.TrimSpace(b.script)
	if i := strings.LastIndexByte(script, '\n') + 1; before != "" {
		script = script[:i] + before + script[i:]
	}
	p := harness.Program{Path: "/bin/sh", Args: []string{"-euc", script}, Dir: r.dir, Env: r.env}
	if at := b.note["at"]; at != "" {
		p.Namespace = r.places[at].Namespace
		p.Dir = filepath.Join(r.dir, "computer-"+at)
		p.Env = append(p.Env, "KITH_HOME="+filepath.Join(p.Dir, "home"))
	}
	return p
}

// place puts a computer into the room where there is none for this person yet.
func (r *reader) place(who string) {
	r.t.Helper()
	if r.places[who] != nil {
		return
	}
	if r.room == nil {
		r.room = harness.NewRoom(r.t)
	}
	r.places[who] = r.room.Join()
	must(r.t, os.MkdirAll(filepath.Join(r.dir, "computer-"+who, "home"), 0o700))
}

// up starts a node as the block says, with the configuration that the page wrote
// over one that talks to nobody.
func (r *reader) up(b block) {
	r.t.Helper()
	m := regexp.MustCompile(`^kith up --home (\w+)(?: --listen (\S+))?\n$`).FindStringSubmatch(b.script)
	if m == nil {
		r.t.Fatalf("%s is not 'kith up --home NAME'", b)
	}
	config := harness.Config{"gateway.listen": m[2], "bittorrent.listen": "127.0.0.1:0"}
	if m[2] == "" { // as configured: the first node, which has the usual ports
		config["gateway.listen"], config["bittorrent.listen"] = "127.0.0.1"+r.stand[":5484"], "127.0.0.1"+r.stand[":42069"]
	}
	home := filepath.Join(r.dir, m[1])
	var written map[string]map[string]any
	if _, err := toml.DecodeFile(filepath.Join(home, "config.toml"), &written); err != nil {
		r.t.Fatal(err)
	}
	for table, keys := range written {
		for key, value := range keys {
			config[table+"."+key] = value
		}
	}
	r.things = append(r.things, harness.StartNode(r.t, harness.Options{Binary: kith, Home: home, Config: config}).Process)
}

// end stops what stays, as Ctrl-C does, in the opposite order.
func (r *reader) end() {
	r.t.Helper()
	for i := len(r.things) - 1; i >= 0; i-- {
		if err := r.things[i].Stop(patience); err != nil {
			r.t.Errorf("%s ended badly: %v", r.things[i].Name, err)
		}
	}
	r.things = nil
}
