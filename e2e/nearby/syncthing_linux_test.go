package nearby

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// syncthingConfig is a Syncthing that talks to one other device on this network.
const syncthingConfig = `<configuration version="35">
<folder id="f" path="%[1]s" type="%[2]s" rescanIntervalS="3600" fsWatcherEnabled="false">
<device id="%[3]s"></device><device id="%[5]s"></device></folder>
<device id="%[3]s" name="this"><address>dynamic</address></device>
<device id="%[5]s" name="that" compression="never"><address>tcp://%[6]s:22000</address><paused>%[7]t</paused></device>
<gui enabled="true"><address>%[8]s</address><apikey>figures</apikey></gui>
<options><listenAddress>tcp://%[4]s:22000</listenAddress><globalAnnounceEnabled>false</globalAnnounceEnabled>
<localAnnounceEnabled>false</localAnnounceEnabled><relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled>
<startBrowser>false</startBrowser><urAccepted>-1</urAccepted><autoUpgradeIntervalH>0</autoUpgradeIntervalH>
<crashReportingEnabled>false</crashReportingEnabled><reconnectionIntervalS>1</reconnectionIntervalS></options>
</configuration>`

// syncthing is one of two.
type syncthing struct {
	d              *device
	home, id, addr string
	client         *http.Client
	running        *harness.Process // nil before start
}

func newSyncthing(d *device, home, addr string) (*syncthing, error) {
	program := os.Getenv(envSyncthing)
	if out, err := exec.Command(program, "generate", "--home", home, "--no-default-folder", "--skip-port-probing").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	id, err := exec.Command(program, "--home", home, "--device-id").Output()
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "unix", filepath.Join(home, "gui"))
	}
	return &syncthing{d: d, home: home, id: strings.TrimSpace(string(id)), addr: addr, client: &http.Client{Transport: &http.Transport{DialContext: dial}}}, nil
}

func (s *syncthing) start(other *syncthing, folder, kind string, paused bool) error {
	if err := os.MkdirAll(filepath.Join(folder, ".stfolder"), 0o755); err != nil {
		return err
	}
	config := fmt.Sprintf(syncthingConfig, folder, kind, s.id, s.addr, other.id, other.addr, paused, filepath.Join(s.home, "gui"))
	if err := os.WriteFile(filepath.Join(s.home, "config.xml"), []byte(config), 0o600); err != nil {
		return err
	}
	s.running = harness.Start(s.d.t, harness.Program{
		Path: os.Getenv(envSyncthing), Args: []string{"serve", "--home", s.home, "--no-browser", "--no-upgrade", "--no-restart", "--no-default-folder"},
		Namespace: s.d.Namespace, Env: []string{"HOME=" + s.home},
	})
	return nil
}

// end has it end, and gives its connections up.
func (s *syncthing) end() {
	_, _ = s.ask(http.MethodPost, "/rest/system/shutdown")
	s.client.CloseIdleConnections()
	if s.running != nil {
		_ = s.running.Stop(10 * time.Second) // who is next is not to pay for it
	}
}

type folderStatus struct {
	State       string `json:"state"`
	GlobalBytes int64  `json:"globalBytes"`
	NeedBytes   int64  `json:"needBytes"`
	NeedFiles   int    `json:"needFiles"`
}

func (s *syncthing) ask(method, path string) (st folderStatus, err error) {
	r, err := http.NewRequest(method, "http://gui"+path, nil)
	if err != nil {
		return st, err
	}
	r.Header.Set("X-API-Key", "figures")
	answer, err := s.client.Do(r)
	if err != nil {
		return st, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return st, fmt.Errorf("%s: %s", path, answer.Status)
	}
	_ = json.NewDecoder(answer.Body).Decode(&st) // other answers are of no interest
	return st, nil
}

// until waits until the folder is as it should be.
func (s *syncthing) until(ok func(folderStatus) bool) error {
	deadline := time.Now().Add(2 * time.Minute)
	var st folderStatus
	var err error
	for time.Now().Before(deadline) {
		if st, err = s.ask(http.MethodGet, "/rest/db/status?folder=f"); err == nil && ok(st) {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("syncthing: the folder stays as it is: %+v %w", st, err)
}

// syncthing counts from when the receiver begins to fetch, with both running,
// connected, and everything at the sender hashed.
func (c *contest) syncthing() (time.Duration, error) {
	home := c.t.TempDir()
	a, err := newSyncthing(c.alice, filepath.Join(home, "a"), "10.88.0.1")
	if err != nil {
		return 0, err
	}
	b, err := newSyncthing(c.bob, filepath.Join(home, "b"), "10.88.0.2")
	if err != nil {
		return 0, err
	}
	defer a.end()
	defer b.end()
	defer func() { _ = os.RemoveAll(filepath.Join(c.src, ".stfolder")) }()
	want := sizeOf(c.src)
	if err := a.start(b, c.src, "sendonly", false); err != nil {
		return 0, err
	}
	if err := a.until(func(s folderStatus) bool { return s.State == "idle" && s.GlobalBytes >= want }); err != nil {
		return 0, err
	}
	if err := b.start(a, c.in, "receiveonly", true); err != nil {
		return 0, err
	}
	if err := b.until(func(s folderStatus) bool { return s.State == "idle" }); err != nil {
		return 0, err
	}
	c.release()
	if _, err := b.ask(http.MethodPost, "/rest/system/resume?device="+a.id); err != nil {
		return 0, err
	}
	if err := b.until(func(s folderStatus) bool { return s.State == "syncing" }); err != nil {
		return 0, err
	}
	start := time.Now()
	err = b.until(func(s folderStatus) bool { return s.State == "idle" && s.NeedBytes == 0 && s.GlobalBytes >= want })
	return time.Since(start), err
}
