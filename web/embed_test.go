package web_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/kith-web/kith/web"
)

func TestIndexCarriesTheToken(t *testing.T) {
	page, err := web.Index(`a"><script>`)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), `content="a&#34;&gt;&lt;script&gt;"`) {
		t.Errorf("the token is not in the page, or not escaped:\n%s", page)
	}
}

// TestPagesKeepTheirPolicy holds the pages against the policies they are
// served with: a script or a style in the page itself would be refused.
func TestPagesKeepTheirPolicy(t *testing.T) {
	for _, name := range []string{"index.html", "app.html"} {
		data, err := fs.ReadFile(web.Dist(), name)
		if err != nil {
			t.Fatal(err)
		}
		page := string(data)
		for _, refused := range []string{"<style", " style=", "javascript:", " onload=", " onclick="} {
			if strings.Contains(page, refused) {
				t.Errorf("%s contains %q, which its policy refuses", name, refused)
			}
		}
		for _, part := range strings.Split(page, `="/assets/`)[1:] {
			asset, _, _ := strings.Cut(part, `"`)
			if _, err := fs.Stat(web.Dist(), "assets/"+asset); err != nil {
				t.Errorf("%s names /assets/%s: %v", name, asset, err)
			}
		}
	}
}

func TestShellPolicyFramesOneOrigin(t *testing.T) {
	p := web.ShellPolicy("http://example-com.localhost:5484")
	if !strings.Contains(p, "; frame-src http://example-com.localhost:5484;") {
		t.Errorf("the shell's policy frames something else: %s", p)
	}
	if !strings.Contains(p, "; connect-src http://localhost:5484/asking/example-com;") || strings.Count(p, "connect-src") != 1 {
		t.Errorf("the shell's policy lets it connect elsewhere: %s", p)
	}
	for _, open := range []string{"connect-src 'self'", "*", "unsafe"} {
		if strings.Contains(p, open) {
			t.Errorf("the shell's policy has %q: %s", open, p)
		}
	}
}
