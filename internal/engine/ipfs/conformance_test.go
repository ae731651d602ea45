package ipfs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine/ipfs"
)

// conformanceEnv names the environment variable that says where a checkout of
// the public gateway-conformance suite is, with the suite's program built in
// its top folder.
const conformanceEnv = "KITH_GATEWAY_CONFORMANCE"

// TestGatewayConformance runs the public suite of the IPFS HTTP gateway
// specifications against the handler alone: every specification that the suite
// holds mature.
func TestGatewayConformance(t *testing.T) {
	suite := os.Getenv(conformanceEnv)
	if suite == "" {
		loud.Skip(t, "the gateway-conformance suite is not here; set %s to a checkout of it with its program built", conformanceEnv)
	}
	program := filepath.Join(suite, "gateway-conformance")
	fixtures := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), program, "extract-fixtures", "--dir", fixtures).CombinedOutput(); err != nil {
		t.Fatalf("extract fixtures: %v\n%s", err, out)
	}
	links := nameMap(t, filepath.Join(fixtures, "dnslinks.IPFS_NS_MAP"))
	e := start(t, t.TempDir(), func(o *ipfs.Options) {
		o.Listen = nil
		o.Resolver = links
		o.SubdomainHosts = []string{"localhost", "example.com"}
	})
	importFixtures(t, e, fixtures)
	server := httptest.NewServer(e.Gateway())
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.CommandContext(t.Context(), program, "test", "--json", report,
		"--gateway-url", server.URL, "--subdomain-url", "http://localhost:"+port)
	cmd.Dir = suite
	out, runErr := cmd.CombinedOutput()
	counts := countReport(t, report)
	t.Logf("gateway-conformance: %d passed, %d failed, %d skipped", counts["pass"], counts["fail"], counts["skip"])
	if counts["pass"] == 0 || counts["fail"] > 0 {
		t.Errorf("the suite says: %v\n%s", runErr, tail(string(out), 8000))
	}
}

// dnsLinks is a Resolver from a table.
type dnsLinks map[string]string

// ResolveDNSLink implements ipfs.Resolver.
func (d dnsLinks) ResolveDNSLink(_ context.Context, name string) (string, time.Duration, error) {
	if p, ok := d[strings.TrimSuffix(name, ".")]; ok {
		return p, time.Minute, nil
	}
	return "", 0, fmt.Errorf("no DNSLink for %s: %w", name, fs.ErrNotExist)
}

// nameMap reads "name:path,name:path".
func nameMap(t *testing.T, file string) dnsLinks {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	links := dnsLinks{}
	for pair := range strings.SplitSeq(strings.TrimSpace(string(raw)), ",") {
		name, to, ok := strings.Cut(pair, ":")
		if !ok {
			t.Fatalf("%s: %q", file, pair)
		}
		links[name] = to
	}
	return links
}

// importFixtures imports the suite's CARs and IPNS records and holds the sites
// open.
func importFixtures(t *testing.T, e *ipfs.Engine, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch filepath.Ext(name) {
		case ".car":
			return importCAR(t, e, name)
		case ".ipns-record":
			return importRecord(t, e, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func importCAR(t *testing.T, e *ipfs.Engine, name string) error {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	roots, err := e.ImportCAR(t.Context(), f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, a := range roots {
		s, err := e.Open(t.Context(), a)
		if err != nil {
			t.Logf("%s is no site: %v", filepath.Base(name), err) // some fixtures are meant to be refused
			continue
		}
		t.Cleanup(func() { _ = s.Close() })
	}
	return nil
}

func importRecord(t *testing.T, e *ipfs.Engine, name string) error {
	t.Helper()
	key, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(name), ".ipns-record"), "_")
	a, err := address.Parse("/ipns/" + key)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := e.PutRecord(t.Context(), a, raw); err != nil {
		t.Logf("%s: %v", filepath.Base(name), err) // some fixtures are meant to be refused
	}
	return nil
}

// countReport counts the results of the suite's tests.
func countReport(t *testing.T, file string) map[string]int {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(errors.Join(errors.New("the suite wrote no report"), err))
	}
	defer func() { _ = f.Close() }()
	counts := map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var event struct{ Action, Test string }
		if json.Unmarshal(lines.Bytes(), &event) == nil && event.Test != "" {
			counts[event.Action]++
			if event.Action == "fail" {
				t.Logf("failed: %s", event.Test)
			}
		}
	}
	return counts
}

// tail is the last n bytes of s.
func tail(s string, n int) string { return s[max(0, len(s)-n):] }
