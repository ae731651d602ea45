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

// TestNamedTestsExist looks for every test, and every file of a test, that a document
// names.
func TestNamedTestsExist(t *testing.T) {
	declared, named := map[string]bool{}, regexp.MustCompile("`((?:Test|Fuzz)[A-Z0-9]\\w*|(?:cmd|e2e|examples|internal|spec|tools|web)/[\\w./-]+)`")
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
	for page, text := range documents(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			_, err := os.Stat(filepath.Join(harness.Root(), filepath.FromSlash(m[1])))
			if !declared[m[1]] && err != nil {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
	}
}

// documents returns the text of everything that is written for readers, by its path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/guide/*.md", "docs/guide/*/*.md", "examples/*.md", "web/extension/*.md", "web/sdk/*/*.md"} {
		paths, err := filepath.Glob(filepath.Join(harness.Root(), filepath.FromSlash(pattern)))
		must(t, err)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			must(t, err)
			pages[path] = string(text)
		}
	}
	return pages
}

// TestCommandsExist asks the program for every command and flag that a document shows:
// in a block, or in a sentence.
func TestCommandsExist(t *testing.T) {
	shown := regexp.MustCompile("(?m)^(?: {4,}\\$ | {4,}|\\$ )?kith ([^\n]*)$|`kith ([^`]*)`")
	flag := regexp.MustCompile(`(?:^|\s)--[a-z][a-z-]+`)
	count, helps := 0, helps{}
	for page, text := range documents(t) {
		for _, m := range shown.FindAllStringSubmatch(text, -1) {
			line, _, _ := strings.Cut(m[1]+m[2], " #")
			words := strings.Fields(line)
			if len(words) == 0 || strings.HasPrefix(words[0], "…") {
				continue
			}
			count++
			help, ok := helps.of(t, words)
			if !ok {
				t.Errorf("%s: kith %s: there is no such command", page, line)
				continue
			}
			for _, f := range flag.FindAllString(line, -1) {
				if !regexp.MustCompile(regexp.QuoteMeta(strings.TrimSpace(f)) + `\b`).MatchString(help) {
					t.Errorf("%s: kith %s: there is no %s", page, line, f)
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

// of returns the help of the command that begins with words, and whether there is one.
func (h helps) of(t *testing.T, words []string) (string, bool) {
	t.Helper()
	for len(words) > 1 && strings.HasPrefix(words[0], "--") { // stands before the command
		words = words[2:]
	}
	if len(words) == 0 {
		return h.get(t, ""), true
	}
	lists := func(help, word string) bool {
		return regexp.MustCompile(`(?m)^  (?:kith )?` + regexp.QuoteMeta(word) + `\s`).MatchString(help)
	}
	if words[0] == "help" && len(words) > 1 {
		return "", lists(h.get(t, ""), words[1])
	}
	name := regexp.MustCompile(`^[a-z][a-z-]+$`)
	command := ""
	for _, word := range words {
		above := h.get(t, command)
		only := strings.TrimSpace("kith "+command) + " [command]" // it does nothing by itself
		_, usage, _ := strings.Cut(above, "Usage:\n")
		switch {
		case strings.Contains(above, only) && lists(above, word):
			command = strings.TrimSpace(command + " " + word)
		case strings.HasPrefix(strings.TrimSpace(usage), only) && name.MatchString(word):
			return "", false
		default:
			return above, true
		}
	}
	return h.get(t, command), true
}

func (h helps) get(t *testing.T, command string) string {
	t.Helper()
	if _, ok := h[command]; !ok {
		h[command] = harness.Run(t, harness.Program{Path: kith, Args: append(strings.Fields(command), "--help")})
	}
	return h[command]
}
