package mailbox_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/relay"
	"github.com/kith-web/kith/internal/relay/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// What makes this program a relay of its own, to be killed: a folder, and where
// to listen.
const (
	envFolder = "KITH_TEST_MAILBOX"
	envListen = "KITH_TEST_LISTEN"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(envFolder); dir != "" {
		if err := serveFolder(dir, os.Getenv(envListen)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveFolder is a relay that says where it is and never ends.
func serveFolder(dir, listen string) error {
	o := open(dir)
	store, err := sqlite.Open(dir+"/queues.db", sqlite.Options{DiskShare: 1})
	if err != nil {
		return err
	}
	o.Store = store
	part, err := mailbox.New(o)
	if err != nil {
		return err
	}
	s, err := relay.New(relay.Options{Listen: listen, UDP: relay.Off, Parts: []relay.Part{part}, MaxConnsPerAddress: 10_000})
	if err != nil {
		return err
	}
	fmt.Println("at " + s.URLs()["ws"])
	return s.Run(context.Background())
}

// process is a relay of its own.
type process struct {
	url string
	cmd *exec.Cmd
}

// spawn starts one; kill ends it, and so does the end of the test.
func spawn(t *testing.T, dir, listen string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envFolder+"="+dir, envListen+"="+listen)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	p := &process{cmd: cmd}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	p.url = strings.TrimPrefix(strings.TrimSpace(line), "at ")
	return p
}

// kill ends the process at once, as by kill -9.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.cmd = nil
}
