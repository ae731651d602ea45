package main

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repository writes files, and what every site needs besides, and returns the folder.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	all := map[string]string{
		"README.md": "# Front\n", "docs/README.md": "# All\n\n## Guide\n\n[A](a.md)\n", "docs/a.md": "# A\n", "spec/README": "",
		"web/console/style/tokens.css": ":root {}", "web/static/icon.svg": "<svg/>",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// made returns the files and complaints of a site.
func made(t *testing.T, o options) (map[string][]byte, []string) {
	t.Helper()
	files, complaints, err := build(o)
	if err != nil {
		t.Fatal(err)
	}
	return files, complaints
}

func TestDeadLinksAreReported(t *testing.T) {
	root := repository(t, map[string]string{
		"docs/a.md":     "# A\n\n[gone](gone.md) [no heading](../README.md#nothing) [fine](#here) ![none](none.png) ![far](https://example.org/x.png)\n\n## Here\n",
		"docs/extra.md": "# Nobody leads here\n",
	})
	_, got := made(t, options{root: root})
	slices.Sort(got)
	want := []string{
		"docs/a.md: ../README.md#nothing: there is no heading #nothing",
		"docs/a.md: gone.md: there is no such file",
		"docs/a.md: https://example.org/x.png: pictures are the site's own",
		"docs/a.md: none.png: there is no such picture",
		"docs/extra.md: docs/README.md does not lead here",
	}
	if !slices.Equal(got, want) {
		t.Errorf("complaints are\n%s", strings.Join(got, "\n"))
	}
}

func TestLinksToSources(t *testing.T) {
	root := repository(t, map[string]string{"docs/a.md": "# A\n\n[the code](../cmd/main.go), [cmd](../cmd)\n", "cmd/main.go": ""})
	for repo, want := range map[string]string{
		"":                         `<p>the code (<code>cmd/main.go</code>), <code>cmd</code></p>`,
		"https://example.org/kith": `<p><a href="https://example.org/kith/cmd/main.go">the code</a>, <a href="https://example.org/kith/cmd">cmd</a></p>`,
	} {
		files, complaints := made(t, options{root: root, repository: repo})
		if page := string(files["a.html"]); !strings.Contains(page, want) || len(complaints) > 0 {
			t.Errorf("with repository %q: %v, and the page has no %s:\n%s", repo, complaints, want, page)
		}
	}
}

func TestPages(t *testing.T) {
	root := repository(t, map[string]string{
		"docs/README.md":    "# All\n\n## Guide\n\n[A](a.md)\n\n## More\n\nIn [one page each](more).\n",
		"docs/a.md":         "# A\n\n![Picture](images/x.png)\n\n<!-- note -->\n\n| | |\n| --- | --- |\n| b | [back](../README.md#two-words-1) |\n",
		"docs/more/1.md":    "# One & two\n",
		"README.md":         "# Front\n\n## Two words\n\n## Two words\n\n## Where things are\n\nfolders\n\n## Last\n",
		"docs/images/x.png": "light", "docs/images/x-dark.png": "dark",
	})
	files, complaints := made(t, options{root: root})
	if len(complaints) > 0 {
		t.Error(complaints)
	}
	for name, parts := range map[string][]string{
		"a.html":        {`<source media="(prefers-color-scheme: dark)" srcset="images/x-dark.png"><img src="images/x.png" alt="Picture"`, `href="index.html#two-words-1">back</a>`, `rel="next" href="more/1.html"`, `lang="en"`},
		"index.html":    {`<h2 id="two-words-1">`, `<h2 id="last">`},
		"contents.html": {`<a href="more/1.html">One &amp; two</a>`},
		"more/1.html":   {`href="../assets/site.css"`, `href="../a.html"`},
		"404.html":      {"style-src 'sha256-"},
	} {
		for _, part := range parts {
			if !strings.Contains(string(files[name]), part) {
				t.Errorf("%s has no %s:\n%s", name, part, files[name])
			}
		}
	}
	for name, part := range map[string]string{"a.html": "note", "index.html": "folders"} {
		if strings.Contains(string(files[name]), part) {
			t.Errorf("%s has %q", name, part)
		}
	}
	if string(files["images/x-dark.png"]) != "dark" {
		t.Error("the dark picture is missing")
	}
}

func TestWriteEmptiesNoOtherFolder(t *testing.T) {
	out := t.TempDir()
	files := map[string][]byte{marker: []byte("body {}"), "index.html": []byte("1")}
	for range 2 { // a site may be written again
		if err := write(filepath.Join(out, "site"), files); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(out, files); err == nil {
		t.Error("a folder with something else in it was emptied")
	}
}

// FuzzColour checks that colours change nothing of what is said.
func FuzzColour(f *testing.F) {
	for _, language := range []string{"", "sh", "ts", "toml", "html", "json"} {
		f.Add(language, "$ kith up # it runs\n<a href=\"x\">'y' // no\n[table] = \"z\" `\\`")
	}
	span := regexp.MustCompile(`</?span[^>]*>`)
	f.Fuzz(func(t *testing.T, language, code string) {
		if got := html.UnescapeString(span.ReplaceAllString(colour(language, code), "")); got != html.UnescapeString(html.EscapeString(code)) {
			t.Errorf("%q became %q", code, got)
		}
	})
}
