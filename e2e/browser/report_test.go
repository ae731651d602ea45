package browser_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
)

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
						t.Skip("SKIPPED in Playwright")
					default:
						t.Errorf("%s", test.Status)
					}
				}
			})
		}
	})
	return cases
}

// syncBuffer is a buffer that is written and read at once.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
