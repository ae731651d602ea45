package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// What a release stamps into the program; only the linker sets these (-X).
var (
	stampedVersion string
	stampedCommit  string
	stampedDate    string // of the commit, RFC 3339
)

// build is what this program is.
type build struct {
	Version string `json:"version"`
	// Commit and Date are of the source; empty where the build did not know.
	Commit string `json:"commit,omitempty"`
	Date   string `json:"date,omitempty"`
	// Modified says that the source was not quite that of the commit.
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

// thisBuild returns what the release stamped, else what the go command wrote
// into the program: with 'go install' the version of the module, in a checkout
// the commit.
func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	b := buildOf(info)
	if stampedVersion != "" {
		b.Version, b.Commit, b.Date, b.Modified = stampedVersion, stampedCommit, stampedDate, false
	}
	return b
}

// buildOf reads what the go command wrote.
func buildOf(info *debug.BuildInfo) build {
	b := build{Version: "development", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	v := strings.TrimPrefix(strings.TrimSuffix(info.Main.Version, "+dirty"), "v")
	switch {
	case b.Commit != "" && (v == "" || v == "(devel)" || strings.HasSuffix(v, "-"+short(b.Commit))):
		b.Version = "development-" + short(b.Commit) // a checkout that is at no tag
	case v != "" && v != "(devel)":
		b.Version = v
	}
	return b
}

// short is how a commit is named in one line.
func short(commit string) string { return commit[:min(len(commit), 12)] }

// String is what 'kith version' prints.
func (b build) String() string {
	out := fmt.Sprintf("kith %s (%s, %s/%s)", b.Version, b.Go, b.OS, b.Arch)
	if b.Commit == "" {
		return out
	}
	out += "\ncommit " + short(b.Commit)
	if b.Date != "" {
		out += " of " + b.Date
	}
	if b.Modified {
		out += ", with changes that are in no commit"
	}
	return out
}

func (p *program) versionCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:     "version",
		GroupID: groupNode,
		Short:   "Print the version, and what this program was built from",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if p.json {
				return p.printJSON(b)
			}
			p.say("%s", b)
			return nil
		},
	})
}
