package cli

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestWhatAProgramWasBuiltFrom(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	vcs := []debug.BuildSetting{
		{Key: "vcs.revision", Value: commit},
		{Key: "vcs.time", Value: "2026-11-21T22:56:00Z"},
		{Key: "vcs.modified", Value: "true"},
	}
	for _, c := range []struct {
		name          string
		info          debug.BuildInfo
		version, line string
	}{
		{"go run without a repository", debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "development", "kith development ("},
		{"go build in a checkout", debug.BuildInfo{Settings: vcs}, "development-0123456789ab", "\ncommit 0123456789ab of 2026-11-21T22:56:00Z, with changes"},
		{"go build after a tag", debug.BuildInfo{Main: debug.Module{Version: "v0.1.1-0.20261121225600-0123456789ab+dirty"}, Settings: vcs}, "development-0123456789ab", "\ncommit 0123456789ab"},
		{"go build at a tag", debug.BuildInfo{Main: debug.Module{Version: "v0.1.0+dirty"}, Settings: vcs}, "0.1.0", "with changes"},
		{"go install", debug.BuildInfo{Main: debug.Module{Version: "v0.1.0"}}, "0.1.0", "kith 0.1.0 ("},
	} {
		b := buildOf(&c.info)
		if b.Version != c.version || !strings.Contains(b.String(), c.line) {
			t.Errorf("%s: %q, want version %q and %q", c.name, b, c.version, c.line)
		}
	}
}
