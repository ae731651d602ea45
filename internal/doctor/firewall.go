package doctor

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/text"
)

// verdict is what a firewall does with strangers at some ports.
type verdict struct {
	// by is the firewall's name.
	by text.Phrase
	// closed are the rules it lacks: "42069/tcp".
	closed []string
	// unknown is why that cannot be told, if veiled.
	unknown text.Phrase
	veiled  bool
	// off says that it lets everybody in.
	off bool
	// allow is the command that opens the closed ports.
	allow text.Phrase
}

// checkFirewall reads what this system's firewall does with the ports of the doors.
func checkFirewall(ctx context.Context, s system, doors []Door) Check {
	c := Check{Name: "firewall"}
	var rules []string
	for _, d := range doors {
		for _, r := range d.rules() {
			if !slices.Contains(rules, r) {
				rules = append(rules, r)
			}
		}
	}
	if len(rules) == 0 {
		c.Found(Skipped, "the node has no port that others come to")
		return c
	}
	v, ok := firewalls(ctx, s, rules)
	switch {
	case !ok:
		c.Found(Skipped, "no firewall that could be read is installed")
	case v.off:
		c.Found(OK, "%s lets everybody in", v.by)
	case v.veiled:
		c.Found(Skipped, "%s: %s", v.by, v.unknown)
		c.advise(v.allow)
	case len(v.closed) > 0:
		c.Found(Warning, "%s keeps others out at %s", v.by, list(v.closed))
		c.advise(v.allow)
	default:
		c.Found(OK, "%s lets others in at %s", v.by, list(rules))
	}
	return c
}

// allowHint is how to open ports in a firewall that is not known.
func allowHint(rules []string) text.Phrase {
	return hint(map[string]text.Phrase{
		"linux":   text.Of("let %s in: for ufw %s, for firewalld %s", list(rules), ufwCommand(rules), firewalldCommand(rules)),
		"darwin":  darwinCommand(),
		"windows": windowsCommand(),
		"":        text.Of("let %s in", list(rules)),
	})
}

func ufwCommand(rules []string) string {
	var words []string
	for _, r := range rules {
		words = append(words, "sudo ufw allow "+r)
	}
	return "'" + strings.Join(words, " && ") + "'"
}

func firewalldCommand(rules []string) string {
	var words strings.Builder
	words.WriteString("'sudo firewall-cmd --permanent")
	for _, r := range rules {
		words.WriteString(" --add-port=" + r)
	}
	words.WriteString(" && sudo firewall-cmd --reload'")
	return words.String()
}

// own is the path of this program.
func own() string {
	path, err := os.Executable()
	if err != nil {
		return "kith"
	}
	return path
}

func darwinCommand() text.Phrase {
	return text.Of("run 'sudo /usr/libexec/ApplicationFirewall/socketfilterfw --add %q --unblockapp %q'", own(), own())
}

func windowsCommand() text.Phrase {
	return text.Of(`run 'netsh advfirewall firewall add rule name=Kith dir=in action=allow program=%q' as administrator`, own())
}

// veil says why the firewall cannot be read, and what to do.
func (v *verdict) veil(why, allow text.Phrase) { v.unknown, v.allow, v.veiled = why, allow, true }

// installed says whether a program could be run at all.
func installed(err error) bool { return !errors.Is(err, errNoProgram) }
