package harness

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// EnvKubo names an ipfs program (Kubo).
const EnvKubo = "KITH_KUBO"

// Kubo is a running Kubo node that knows nobody.
type Kubo struct {
	*Process
	// Gateway is the URL of its HTTP gateway.
	Gateway string
	path    string
	repo    string
}

// NeedKubo returns the ipfs program, and skips t where there is none.
func NeedKubo(t testing.TB) string {
	t.Helper()
	return NeedEnv(t, EnvKubo, "an ipfs program (Kubo)")
}

// NewKubo makes a repository without bootstrap peers, local discovery or routing.
func NewKubo(t testing.TB, path string) *Kubo {
	t.Helper()
	k := &Kubo{path: path, repo: filepath.Join(t.TempDir(), "kubo")}
	k.Run(t, "init", "--profile=test")
	k.Run(t, "config", "Routing.Type", "none")
	return k
}

// StartKubo makes a node and starts it.
func StartKubo(t testing.TB, path string) *Kubo {
	t.Helper()
	k := NewKubo(t, path)
	k.Start(t)
	return k
}

// Start starts the node and waits until it is ready.
func (k *Kubo) Start(t testing.TB) {
	t.Helper()
	k.Process = Start(t, k.program("daemon"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := k.Await(ctx, regexp.MustCompile(`Daemon is ready`)); err != nil {
		t.Fatal(err)
	}
	url, err := os.ReadFile(filepath.Join(k.repo, "gateway"))
	if err != nil {
		t.Fatal(err)
	}
	k.Gateway = strings.TrimSpace(string(url))
}

func (k *Kubo) program(args ...string) Program {
	return Program{Path: k.path, Args: args, Env: []string{"IPFS_PATH=" + k.repo, "IPFS_TELEMETRY=off"}}
}

// Run runs a command of the program.
func (k *Kubo) Run(t testing.TB, args ...string) string {
	t.Helper()
	return strings.TrimSpace(Run(t, k.program(args...)))
}

// Add adds a folder, as CIDv1 unless more options say otherwise, and returns its
// CID.
func (k *Kubo) Add(t testing.TB, folder string, more ...string) string {
	t.Helper()
	args := append([]string{"add", "-r", "-Q", "--progress=false"}, more...)
	if !slices.ContainsFunc(more, func(o string) bool { return strings.HasPrefix(o, "--cid-version") }) {
		args = append(args, "--cid-version=1")
	}
	return k.Run(t, append(args, folder)...)
}

// Multiaddr is where peers connect.
func (k *Kubo) Multiaddr(t testing.TB) string {
	t.Helper()
	var id struct{ Addresses []string }
	if err := json.Unmarshal([]byte(k.Run(t, "id")), &id); err != nil || len(id.Addresses) == 0 {
		t.Fatalf("ipfs id: %v, %v", id.Addresses, err)
	}
	for _, a := range id.Addresses {
		if strings.HasPrefix(a, "/ip4/127.0.0.1/tcp/") {
			return a
		}
	}
	return id.Addresses[0]
}
