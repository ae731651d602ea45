package e2e

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/address"
)

const envConformance = "KITH_GATEWAY_CONFORMANCE"

// notForANode are tests of the suite that ask a gateway to answer for names that
// are not its own, as a public gateway behind a proxy does (X-Forwarded-Host). A
// node on a person's computer must refuse these names (DNS rebinding).
const notForANode = "TestGatewaySubdomains/request_for_fake"

// TestGatewayConformance runs the public suite of the IPFS HTTP gateway
// specifications against a whole node: its blocks imported from the suite's CARs, its IPNS
// records served by a delegated router, its DNSLink names by a name server.
func TestGatewayConformance(t *testing.T) {
	suite := harness.NeedEnv(t, envConformance, "a checkout of gateway-conformance with its program built in it")
	program := filepath.Join(suite, "gateway-conformance")
	fixtures := t.TempDir()
	harness.Run(t, harness.Program{
		Path: program, Dir: suite, Args: []string{"extract-fixtures", "--merged=true", "--directory", fixtures},
	})
	names := harness.StartDNS(t)
	setLinks(t, names, filepath.Join(fixtures, "dnslinks.json"))
	router := httptest.NewServer(records(t, fixtures))
	defer router.Close()
	n := start(t, only(address.NetworkIPFS, harness.Config{
		"dns.server": names.Addr, "ipfs.routers": []string{router.URL},
	}))
	must(t, filepath.WalkDir(filepath.Join(suite, "fixtures"), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".car") {
			n.CLI(t, "import", path)
		}
		return err
	}))
	report := filepath.Join(t.TempDir(), "report.json")
	// For the same reason the DNSLink gateway, which goes by Host, and the proxy are
	// left to the engine's own tests.
	stdout, stderr, err := harness.TryRun(t, harness.Program{Path: program, Dir: suite, Args: []string{
		"test", "--gateway-url", "http://127.0.0.1:" + n.Port, "--subdomain-url", "http://localhost:" + n.Port,
		"--json", report, "--specs", "-dnslink-gateway,-proxy-gateway", "--", "-timeout", "5m", "-skip", notForANode,
	}})
	passed, failed, skipped := count(t, report)
	t.Logf("gateway-conformance: %d passed, %d failed, %d skipped", passed, len(failed), skipped)
	if err != nil || len(failed) > 0 || passed < 200 {
		t.Errorf("%v; failed:\n%s\n%s", err, strings.Join(failed, "\n"), stderr)
		_ = stdout
	}
}

// setLinks gives the name server the suite's DNSLink records.
func setLinks(t *testing.T, names *harness.DNS, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	links := decode[struct {
		Domains    map[string]string
		Subdomains map[string]string
	}](t, data)
	for name, target := range links.Domains {
		names.Set("_dnslink."+name, "dnslink="+target)
	}
	for name, target := range links.Subdomains {
		names.Set("_dnslink."+name+".example.com", "dnslink="+target)
	}
}

// records serves the suite's IPNS records by delegated routing (IPIP-379).
func records(t *testing.T, dir string) http.Handler {
	t.Helper()
	byName := map[string][]byte{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".ipns-record") {
			return err
		}
		name, _, _ := strings.Cut(strings.TrimSuffix(d.Name(), ".ipns-record"), "_")
		a, err := address.Parse("ipns://" + name)
		if err != nil {
			return err
		}
		byName[a.Key()], err = os.ReadFile(path)
		return err
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, "/routing/v1/ipns/")
		a, err := address.Parse("ipns://" + name)
		if !ok || err != nil || byName[a.Key()] == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.ipfs.ipns-record")
		_, _ = w.Write(byName[a.Key()])
	})
}

// count reads the report, which is the output of go test -json.
func count(t *testing.T, report string) (passed int, failed []string, skipped int) {
	t.Helper()
	f, err := os.Open(report)
	must(t, err)
	defer func() { must(t, f.Close()) }()
	for d := json.NewDecoder(f); d.More(); {
		var e struct{ Action, Test string }
		must(t, d.Decode(&e))
		if !strings.Contains(e.Test, "/") {
			continue // the sum of its parts
		}
		switch e.Action {
		case "pass":
			passed++
		case "fail":
			failed = append(failed, e.Test)
		case "skip":
			skipped++
		}
	}
	return passed, failed, skipped
}
