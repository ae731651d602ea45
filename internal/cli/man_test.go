package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestTheManualIsWhole: every command that the help shows has a page, which
// names all of its flags and has no request but ours.
func TestTheManualIsWhole(t *testing.T) {
	b := build{Version: "1.2.3", Date: "2026-01-02T03:04:05Z"}
	pages := map[string]string{}
	for _, p := range manual((&program{}).root(), b) {
		if pages[p.name()] != "" {
			t.Errorf("two pages are called %s", p.name())
		}
		pages[p.name()] = p.text()
	}
	for _, p := range manual((&program{}).root(), b) {
		if pages[p.name()] != p.text() {
			t.Errorf("%s is another one the second time", p.name())
		}
	}
	root := (&program{}).root()
	root.InitDefaultCompletionCmd()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" {
			return
		}
		title, section := pageOf(c)
		page := pages[(&manPage{title: title, section: section}).name()]
		if !strings.HasPrefix(page, `.TH "`+strings.ToUpper(title)+`"`) || !strings.Contains(page, `"2026-01-02" "kith 1.2.3"`) {
			t.Errorf("%s: the page begins with %.80q", c.CommandPath(), page)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	for name, page := range pages {
		for line := range strings.Lines(page) {
			request, _, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
			if strings.HasPrefix(request, ".") && !strings.Contains(" .TH .ad .nh .SH .TP .PP .RS .RE .nf .fi .sp .br ", " "+request+" ") {
				t.Errorf("%s: the line %q is a request", name, line)
			}
		}
	}
	if !strings.Contains(pages["kith-relay.1"], `\fB\-\-turn\-address\fR \fIstring\fR`) {
		t.Errorf("kith-relay.1 has no --turn-address:\n%s", pages["kith-relay.1"])
	}
	if !strings.Contains(pages["kith-config.5"], "[relay.mailbox]") {
		t.Error("kith-config.5 has no [relay.mailbox]")
	}
}
