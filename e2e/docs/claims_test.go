package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
)

// guides returns the text of each page of the guide, by its path.
func guides(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	must(t, filepath.WalkDir(filepath.Join(harness.Root(), "docs", "guide"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		pages[path] = string(text)
		return err
	}))
	return pages
}

// TestNamedTestsExist looks for every test, and every file of a test, that the guides
// name.
func TestNamedTestsExist(t *testing.T) {
	declared, named := map[string]bool{}, regexp.MustCompile("`((?:Test|Fuzz)[A-Z0-9]\\w*|(?:e2e|web)/[\\w./-]+)`")
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	must(t, filepath.WalkDir(harness.Root(), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && e.Name() == "node_modules" {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declaration.FindAllSubmatch(text, -1) {
			declared[string(m[1])] = true
		}
		return err
	}))
	for page, text := range guides(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			_, err := os.Stat(filepath.Join(harness.Root(), filepath.FromSlash(m[1])))
			if !declared[m[1]] && err != nil {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
	}
}

// TestCommandsExist asks the program for every command and flag that a guide shows.
func TestCommandsExist(t *testing.T) {
	fence := regexp.MustCompile("(?ms)^```sh\n(.*?)^```")
	flag := regexp.MustCompile(`\s--[a-z-]+`)
	count, helps := 0, helps{}
	for page, text := range guides(t) {
		for _, block := range fence.FindAllStringSubmatch(text, -1) {
			for line := range strings.Lines(block[1]) {
				words := strings.Fields(line)
				if len(words) < 2 || words[0] != "kith" {
					continue
				}
				count++
				help := helps.of(t, words[1:])
				for _, f := range flag.FindAllString(line, -1) {
					if !regexp.MustCompile(regexp.QuoteMeta(f) + `\b`).MatchString(help) {
						t.Errorf("%s: %s: there is no%s", page, strings.TrimSpace(line), f)
					}
				}
			}
		}
	}
	if count == 0 {
		t.Error("no commands were found")
	}
}

// helps are the helps of commands that were asked for, by the command.
type helps map[string]string

// of returns the help of the command that begins with words, and fails t where there is
// none.
func (h helps) of(t *testing.T, words []string) string {
	t.Helper()
	if words[0] == "--home" { // stands before the command
		words = words[2:]
	}
	command := ""
	for _, word := range words[:min(2, len(words))] {
		if !regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(word) + `\s{2,}`).MatchString(h.get(t, command)) {
			break
		}
		command = strings.TrimSpace(command + " " + word)
	}
	if command == "" {
		t.Fatalf("kith %s: no such command", strings.Join(words, " "))
	}
	return h.get(t, command)
}

func (h helps) get(t *testing.T, command string) string {
	t.Helper()
	if _, ok := h[command]; !ok {
		h[command] = harness.Run(t, harness.Program{Path: kith, Args: append(strings.Fields(command), "--help")})
	}
	return h[command]
}
