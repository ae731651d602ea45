package api_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/kith-web/kith/internal/api"
)

// TestEveryRouteIsDescribed holds the routes of the server against
// spec/openapi/node.yaml, in both directions.
func TestEveryRouteIsDescribed(t *testing.T) {
	registered := newWorld(t, nil).api.Routes()
	inPath := regexp.MustCompile(`\{(\w+)\.\.\.\}`)
	described, is := describedRoutes(t), map[string]bool{}
	for _, pattern := range registered {
		route := inPath.ReplaceAllString(strings.TrimSuffix(pattern, "{$}"), "{$1}")
		switch route { // what is below a folder
		case "GET /debug/pprof/":
			route += "{profile}"
		case "GET /assets/":
			route += "{name}"
		}
		is[route] = true
		if !described[route] {
			t.Errorf("%s is a route that spec/openapi/node.yaml does not describe", pattern)
		}
	}
	for _, route := range slices.Sorted(maps.Keys(described)) {
		if !is[route] {
			t.Errorf("spec/openapi/node.yaml describes %s, which is no route", route)
		}
	}
}

func describedRoutes(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "spec", "openapi", "node.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	if err := yaml.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for path, item := range document.Paths {
		for method := range item {
			out[strings.ToUpper(method)+" "+path] = true
		}
	}
	return out
}

// TestHeadOfEventsEnds: a client that asked for the headers alone uses its
// connection for the next request.
func TestHeadOfEventsEnds(t *testing.T) {
	w := newWorld(t, nil)
	for range 3 {
		if resp, _ := w.do(http.MethodHead, "/api/v1/events", nil); resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("%s %v", resp.Status, resp.Header)
		}
		w.call("GET", "/api/v1/status", "", 200, &api.Status{})
	}
}

func TestTheShellOfNoLabelIsNowhere(t *testing.T) {
	w := newWorld(t, nil)
	for _, label := range []string{"%00", "a%0d%0ab:%20c", "%2e%2e%2f", "-"} {
		if resp, _ := w.do("GET", "/app/"+label, nil, "Authorization: "); resp.StatusCode != 404 || resp.Header.Get("Location") != "" {
			t.Errorf("/app/%s: %s %v", label, resp.Status, resp.Header)
		}
	}
}
