package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// EnvPlaywright holds more arguments for Playwright, such as "-g 'first visit'".
const EnvPlaywright = "KITH_PLAYWRIGHT_ARGS"

// Playwright is a folder of cases that run in a browser.
type Playwright struct {
	// Dir holds the cases and their configuration.
	Dir string
	// Config is another configuration in Dir; "" for playwright.config.ts.
	Config string
	// Env is added to the environment.
	Env []string
	// Within is how long all cases may take.
	Within time.Duration

	node, chromium, modules string
}

// NeedPlaywright returns the cases of dir, and skips t, saying what is missing,
// where there is no browser.
func NeedPlaywright(t testing.TB, dir string, within time.Duration) *Playwright {
	t.Helper()
	p := &Playwright{Dir: dir, Within: within, node: Need(t, "node"), modules: filepath.Join(Root(), "e2e", "node_modules")}
	if _, err := os.Stat(filepath.Join(p.modules, "@playwright", "test")); err != nil {
		Skip(t, "run 'npm ci --prefix e2e' first: nothing was tried in a browser")
	}
	p.chromium = NeedChromium(t)
	return p
}

// NeedChromium returns the path of Chromium, and skips t where there is none.
func NeedChromium(t testing.TB) string {
	t.Helper()
	if named := os.Getenv("KITH_CHROMIUM"); named != "" {
		return named
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Skip(t, "there is no Chromium in PATH, and KITH_CHROMIUM names none: nothing was tried in a browser")
	return ""
}

// Run runs the cases and makes a subtest of each.
func (p *Playwright) Run(t *testing.T) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.json")
	ctx, cancel := context.WithTimeout(t.Context(), p.Within)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.node, filepath.Join(p.modules, "@playwright", "test", "cli.js"), "test")
	cmd.Dir = p.Dir
	if p.Config != "" {
		cmd.Args = append(cmd.Args, "--config", p.Config)
	}
	cmd.Args = append(cmd.Args, strings.Fields(os.Getenv(EnvPlaywright))...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // Playwright then closes its browsers
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = append(os.Environ(),
		"PLAYWRIGHT_JSON_OUTPUT_NAME="+report,
		"PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1",
		"KITH_CHROMIUM="+p.chromium,
	)
	cmd.Env = append(cmd.Env, p.Env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if !tell(t, report) || (err != nil && !t.Failed()) {
		t.Fatalf("playwright: %v\n%s", err, out.String())
	}
}

// suite is a file or a group of cases in Playwright's JSON report.
type suite struct {
	Title  string  `json:"title"`
	Suites []suite `json:"suites"`
	Specs  []struct {
		Title string `json:"title"`
		Tests []struct {
			Status  string `json:"status"`
			Results []struct {
				Errors []struct {
					Message string `json:"message"`
				} `json:"errors"`
			} `json:"results"`
		} `json:"tests"`
	} `json:"specs"`
}

// tell makes a subtest of every case in the report, and reports whether there
// was any.
func tell(t *testing.T, report string) bool {
	t.Helper()
	data, err := os.ReadFile(report)
	if err != nil {
		return false
	}
	var all struct {
		Suites []suite `json:"suites"`
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Errorf("Playwright's report: %v", err)
		return false
	}
	for _, e := range all.Errors {
		t.Errorf("playwright: %s", e.Message)
	}
	n := 0
	for _, s := range all.Suites {
		n += s.tell(t)
	}
	return n > 0
}

func (s suite) tell(t *testing.T) (cases int) {
	t.Run(strings.TrimSuffix(s.Title, ".spec.ts"), func(t *testing.T) {
		for _, inner := range s.Suites {
			cases += inner.tell(t)
		}
		for _, spec := range s.Specs {
			cases++
			t.Run(spec.Title, func(t *testing.T) {
				for _, test := range spec.Tests {
					for _, result := range test.Results {
						for _, e := range result.Errors {
							t.Log(e.Message)
						}
					}
					switch test.Status {
					case "expected":
					case "skipped":
						Skip(t, "in Playwright")
					default:
						t.Errorf("%s", test.Status)
					}
				}
			})
		}
	})
	return cases
}
