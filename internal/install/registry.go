package install

import (
	"context"
	"strings"
)

// Keys of the registry, of the person alone.
const (
	classesKey = `HKCU\Software\Classes\`
	openKey    = `\shell\open\command`
	runKey     = `HKCU\Software\Microsoft\Windows\CurrentVersion\Run`
)

// planWindows is the plan for Windows: URL protocols ("Registering an
// Application to a URI Scheme") and the Run key, written by reg.exe. conhost
// keeps the node from opening a window.
func (i *Installer) planWindows() []step {
	var steps []step
	for _, s := range i.o.Schemes {
		steps = append(steps, protocol{
			scheme: s, line: windowsLine(append([]string{"conhost.exe", "--headless"}, i.command("open", "--start")...)) + ` "%1"`,
		})
	}
	if i.o.Service {
		start := windowsLine(append([]string{"conhost.exe", "--headless"}, i.command("up")...))
		steps = append(steps, command{
			run: []string{"reg", "add", runKey, "/v", "Kith", "/d", start, "/f"}, needed: true,
			revert: []string{"reg", "delete", runKey, "/v", "Kith", "/f"},
		})
	}
	return steps
}

// protocol is a step that makes the program open the links of a scheme.
type protocol struct{ scheme, line string }

func (p protocol) plan() string { return "open " + p.scheme + ": with Kith (" + p.key() + ")" }

func (p protocol) mayFail() bool { return false }

func (p protocol) key() string { return classesKey + p.scheme }

// now returns the command that opens the links; "" for none.
func (p protocol) now(ctx context.Context, i *Installer) string {
	out, err := i.o.Run(ctx, "reg", "query", p.key()+openKey, "/ve")
	if err != nil {
		return "" // there is no such key
	}
	_, line, _ := strings.Cut(out, "REG_SZ")
	return strings.TrimSpace(line)
}

func (p protocol) do(ctx context.Context, i *Installer, r *record) error {
	// An earlier installation of this program is not what to go back to.
	if before := p.now(ctx, i); before != "" && !strings.Contains(before, " open --start") {
		r.Before[p.scheme] = before
	}
	for _, value := range [][]string{
		{p.key(), "/ve", "/d", "URL:" + p.scheme},
		{p.key(), "/v", "URL Protocol", "/d", ""},
		{p.key() + openKey, "/ve", "/d", p.line},
	} {
		if _, err := i.o.Run(ctx, "reg", append(append([]string{"add"}, value...), "/f")...); err != nil {
			return err
		}
	}
	return nil
}

func (p protocol) undo(ctx context.Context, i *Installer, r *record) (string, error) {
	if p.now(ctx, i) != p.line {
		return "", nil // not ours, or given to another since
	}
	what := "give back " + p.scheme + ": (" + p.key() + ")"
	if before := r.Before[p.scheme]; before != "" {
		_, err := i.o.Run(ctx, "reg", "add", p.key()+openKey, "/ve", "/d", before, "/f")
		return what, err
	}
	_, err := i.o.Run(ctx, "reg", "delete", p.key(), "/f")
	return what, err
}

// windowsLine quotes arguments as CommandLineToArgvW takes them apart.
func windowsLine(args []string) string {
	var all []string
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t\"") {
			a = quoteWindows(a)
		}
		all = append(all, a)
	}
	return strings.Join(all, " ")
}

// quoteWindows doubles the backslashes that stand before a quotation mark.
func quoteWindows(a string) string {
	var b strings.Builder
	b.WriteByte('"')
	slashes := 0
	for _, c := range []byte(a) {
		switch c {
		case '\\':
			slashes++
		case '"':
			b.WriteString(strings.Repeat(`\`, slashes+1))
			slashes = 0
		default:
			slashes = 0
		}
		b.WriteByte(c)
	}
	b.WriteString(strings.Repeat(`\`, slashes) + `"`)
	return b.String()
}
