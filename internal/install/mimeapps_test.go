package install

import (
	"strings"
	"testing"
)

// FuzzList: setting and taking away a default leaves every other line as it was,
// in any file.
func FuzzList(f *testing.F) {
	f.Add("")
	f.Add("[Default Applications]\ntext/html=browser.desktop\n")
	f.Add("[Added Associations]\na/b=c.desktop;\n\n[Default Applications]\n\n[Removed Associations]\nx=y\n")
	f.Add("# a comment\r\n[Default Applications]\r\nx-scheme-handler/wtp = other.desktop;\r\n")
	f.Add("\n\n[x")
	f.Fuzz(func(t *testing.T, text string) {
		const kind = "x-scheme-handler/wtp"
		l := parseList(text)
		before := l.get(kind)
		l.set(kind, entryName)
		if got := parseList(l.String()).get(kind); got != entryName {
			t.Fatalf("after set it is %q in %q", got, l.String())
		}
		others := func(s string) string {
			var kept []string
			for line := range strings.Lines(s) {
				line = strings.TrimSpace(line)
				if line != "" && line != group && !strings.HasPrefix(line, kind) {
					kept = append(kept, line)
				}
			}
			return strings.Join(kept, "\n")
		}
		if others(text) != others(l.String()) {
			t.Fatalf("set changed %q to %q", text, l.String())
		}
		l.set(kind, before)
		if others(text) != others(l.String()) {
			t.Fatalf("set back changed %q to %q", text, l.String())
		}
	})
}
