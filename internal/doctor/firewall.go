package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// verdict is what a firewall does with strangers at some ports.
type verdict struct {
	// by is the firewall's name.
	by string
	// closed are the rules it lacks: "42069/tcp".
	closed []string
	// unknown is why that cannot be told; "" when it can.
	unknown string
	// off says that it lets everybody in.
	off bool
	// allow is the command that opens the closed ports.
	allow string
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
		c.State, c.Message = Skipped, "the node has no port that others come to"
		return c
	}
	v, ok := firewalls(ctx, s, rules)
	switch {
	case !ok:
		c.State, c.Message = Skipped, "no firewall that could be read is installed"
	case v.off:
		c.State, c.Message = OK, v.by+" lets everybody in"
	case v.unknown != "":
		c.State, c.Message, c.Hint = Skipped, v.by+": "+v.unknown, v.allow
	case len(v.closed) > 0:
		c.State, c.Hint = Warning, v.allow
		c.Message = v.by + " keeps others out at " + list(v.closed)
	default:
		c.State, c.Message = OK, v.by+" lets others in at "+list(rules)
	}
	return c
}

// allowHint is how to open ports in a firewall that is not known.
func allowHint(rules []string) string {
	return hint(map[string]string{
		"linux":   "let " + list(rules) + " in: for ufw " + ufwCommand(rules) + ", for firewalld " + firewalldCommand(rules),
		"darwin":  darwinCommand(),
		"windows": windowsCommand(),
		"":        "let " + list(rules) + " in",
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

func darwinCommand() string {
	return fmt.Sprintf("run 'sudo /usr/libexec/ApplicationFirewall/socketfilterfw --add %q --unblockapp %q'", own(), own())
}

func windowsCommand() string {
	return fmt.Sprintf(`run 'netsh advfirewall firewall add rule name=Kith dir=in action=allow program=%q' as administrator`, own())
}

// installed says whether a program could be run at all.
func installed(err error) bool { return !errors.Is(err, errNoProgram) }
