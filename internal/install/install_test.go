package install_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/install"
)

// person is a person's own folders, and the programs of their system.
type person struct {
	o   install.Options
	ran []string
}

func newPerson(t *testing.T, system string) *person {
	t.Helper()
	dir := t.TempDir()
	p := &person{o: install.Options{
		System: system, Program: filepath.Join(dir, "bin dir", "kith"), Home: filepath.Join(dir, "home"),
		User: dir, Config: filepath.Join(dir, "config"), Data: filepath.Join(dir, "data"), Icon: []byte("<svg/>"),
		Schemes: install.Schemes(), Service: true,
		Has: func(string) bool { return true },
	}}
	p.o.Run = func(_ context.Context, name string, args ...string) (string, error) {
		p.ran = append(p.ran, strings.Join(append([]string{name}, args...), " "))
		return "", nil
	}
	return p
}

func (p *person) installer(t *testing.T) *install.Installer {
	t.Helper()
	i, err := install.New(p.o)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (p *person) install(t *testing.T) []install.Step {
	t.Helper()
	steps, err := p.installer(t).Install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

func (p *person) remove(t *testing.T) []install.Step {
	t.Helper()
	steps, err := p.installer(t).Remove(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// tree is every file below the person's folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRemoveUndoesAll: after Remove every file is as it was before Install.
func TestRemoveUndoesAll(t *testing.T) {
	const mine = "[Added Associations]\nimage/png=gimp.desktop;\n\n[Default Applications]\nx-scheme-handler/magnet=torrents.desktop;\ntext/html=browser.desktop\n"
	for _, system := range []string{"linux", "freebsd", "darwin", "windows"} {
		for _, systemd := range []bool{true, false} {
			t.Run(system, func(t *testing.T) {
				p := newPerson(t, system)
				p.o.Systemd = systemd
				write(t, filepath.Join(p.o.Config, "mimeapps.list"), mine)
				before := tree(t, p.o.User)
				p.install(t)
				after := tree(t, p.o.User)
				if len(after) <= len(before) && system != "windows" {
					t.Errorf("nothing was installed: %v", after)
				}
				p.install(t) // again, as after an update
				p.remove(t)
				got := tree(t, p.o.User)
				if want := strings.Replace(mine, "torrents.desktop;", "torrents.desktop", 1); got["config/mimeapps.list"] != want && system != "darwin" && system != "windows" {
					t.Errorf("mimeapps.list is\n%swant\n%s", got["config/mimeapps.list"], want)
				}
				delete(got, "config/mimeapps.list")
				delete(before, "config/mimeapps.list")
				if len(got) != len(before) {
					t.Errorf("left behind: %v", got)
				}
			})
		}
	}
}

func TestNothingInstalledIsNothingToUndo(t *testing.T) {
	p := newPerson(t, "linux")
	if steps := p.remove(t); len(steps) != 0 || len(p.ran) != 0 {
		t.Errorf("undid %v, ran %v", steps, p.ran)
	}
}

// TestWithoutSystemdItIsNotAsked: where the desktop starts the node, there is no
// service to end.
func TestWithoutSystemdItIsNotAsked(t *testing.T) {
	p := newPerson(t, "linux")
	p.install(t)
	for _, s := range p.remove(t) {
		if s.Problem != "" || strings.Contains(s.What, "systemctl") {
			t.Errorf("undid %q: %s", s.What, s.Problem)
		}
	}
	p.o.Systemd = true
	p.install(t)
	p.ran = nil
	p.remove(t)
	if !slices.Contains(p.ran, "systemctl --user disable --now kith.service") {
		t.Errorf("the service goes on; ran %v", p.ran)
	}
}

// TestDesktopEntry holds the entry against the desktop's own reading of it.
func TestDesktopEntry(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: xdg-mime and gio are the freedesktop's")
	}
	p := newPerson(t, "linux")
	p.install(t)
	entry := tree(t, p.o.User)["data/applications/kith.desktop"]
	if want := `Exec="` + p.o.Program + `" open --start %u` + "\n"; !strings.Contains(entry, want) {
		t.Errorf("the entry has no %q:\n%s", want, entry)
	}
	mime, err := exec.LookPath("xdg-mime")
	if err != nil {
		loud.Skip(t, "xdg-mime is missing: what it says of the entry was not tried")
	}
	for _, scheme := range install.Schemes() {
		c := exec.CommandContext(t.Context(), mime, "query", "default", "x-scheme-handler/"+scheme)
		c.Env = append(os.Environ(), "XDG_DATA_HOME="+p.o.Data, "XDG_CONFIG_HOME="+p.o.Config, "HOME="+p.o.User)
		out, err := c.CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "kith.desktop" {
			t.Errorf("xdg-mime says of %s: %q, %v", scheme, out, err)
		}
	}
}

// TestUnit holds the service against systemd's own reading of it.
func TestUnit(t *testing.T) {
	p := newPerson(t, "linux")
	p.o.Systemd, p.o.OtherHome = true, true
	kith := filepath.Join(p.o.User, "bin dir", "kith")
	write(t, kith, "#!/bin/sh\n")
	if err := os.Chmod(kith, 0o755); err != nil {
		t.Fatal(err)
	}
	p.install(t)
	unit := filepath.Join(p.o.Config, "systemd", "user", "kith.service")
	if !slices.Contains(p.ran, "systemctl --user enable --now kith.service") {
		t.Errorf("the service was not enabled: %v", p.ran)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		loud.Skip(t, "systemd-analyze is missing: what it says of the unit was not tried")
	}
	c := exec.CommandContext(t.Context(), analyze, "verify", "--user", "--man=no", unit)
	c.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir(), "HOME="+p.o.User)
	if out, err := c.CombinedOutput(); err != nil || strings.Contains(string(out), "kith.service") {
		t.Errorf("systemd-analyze says: %s (%v)", out, err)
	}
}

func TestWhatAnotherWroteIsLeft(t *testing.T) {
	p := newPerson(t, "linux")
	entry := filepath.Join(p.o.Data, "applications", "kith.desktop")
	write(t, entry, "[Desktop Entry]\nName=Another Kith\n")
	_, err := p.installer(t).Install(t.Context())
	if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), entry) {
		t.Errorf("installed over it: %v", err)
	}
	p.remove(t)
	if got := tree(t, p.o.User)["data/applications/kith.desktop"]; !strings.Contains(got, "Another Kith") {
		t.Errorf("it is now %q", got)
	}
}

// TestADefaultGivenToAnotherStays: who chose another program since keeps it.
func TestADefaultGivenToAnotherStays(t *testing.T) {
	p := newPerson(t, "linux")
	list := filepath.Join(p.o.Config, "mimeapps.list")
	p.install(t)
	text := tree(t, p.o.User)["config/mimeapps.list"]
	write(t, list, strings.Replace(text, "magnet=kith.desktop", "magnet=torrents.desktop", 1))
	p.remove(t)
	if got, want := tree(t, p.o.User)["config/mimeapps.list"], "[Default Applications]\nx-scheme-handler/magnet=torrents.desktop\n"; got != want {
		t.Errorf("mimeapps.list is %q, want %q", got, want)
	}
}

// TestWindowsGivesBackWhatWasThere drives the plan against a registry.
func TestWindowsGivesBackWhatWasThere(t *testing.T) {
	p := newPerson(t, "windows")
	p.o.Program = "/Program Files/kith.exe" // absolute where the test runs
	const magnet, other = `HKCU\Software\Classes\magnet\shell\open\command`, `"C:\other.exe" "%1"`
	registry := map[string]string{magnet: other}
	p.o.Run = func(_ context.Context, name string, args ...string) (string, error) {
		switch {
		case name != "reg":
			t.Errorf("ran %s", name)
		case args[0] == "query":
			if v, ok := registry[args[1]]; ok {
				return args[1] + "\n    (Default)    REG_SZ    " + v, nil
			}
			return "", errors.New("exit status 1: ERROR: The system was unable to find the specified registry key or value.")
		case args[0] == "add" && args[2] == "/ve":
			registry[args[1]] = args[4]
		case args[0] == "add":
			registry[args[1]+"|"+args[3]] = args[5]
		case args[0] == "delete" && args[2] == "/v":
			delete(registry, args[1]+"|"+args[3])
		case args[0] == "delete":
			for k := range registry {
				if strings.HasPrefix(k, args[1]) {
					delete(registry, k)
				}
			}
		}
		return "", nil
	}
	p.install(t)
	want := `conhost.exe --headless "/Program Files/kith.exe" open --start "%1"`
	for _, s := range install.Schemes() {
		if got := registry[`HKCU\Software\Classes\`+s+`\shell\open\command`]; got != want {
			t.Errorf("%s opens with %s, want %s", s, got, want)
		}
	}
	p.remove(t)
	if registry[magnet] != other {
		t.Errorf("magnet: opens with %q, want %q again", registry[magnet], other)
	}
	for k := range registry {
		if !strings.Contains(k, "magnet") {
			t.Errorf("left behind: %s", k)
		}
	}
}

// TestQuoting: a program or home with any name gets to the other side whole.
func TestQuoting(t *testing.T) {
	p := newPerson(t, "linux")
	p.o.Program, p.o.Systemd, p.o.OtherHome = `/opt/a "b" $c %d\e/kith`, true, true
	p.install(t)
	files := tree(t, p.o.User)
	if want := `Exec="/opt/a \\"b\\" \\$c %%d\\\\e/kith" open --start `; !strings.Contains(files["data/applications/kith.desktop"], want) {
		t.Errorf("no %s in\n%s", want, files["data/applications/kith.desktop"])
	}
	if want := `ExecStart="/opt/a \"b\" $$c %%d\\e/kith" up --home `; !strings.Contains(files["config/systemd/user/kith.service"], want) {
		t.Errorf("no %s in\n%s", want, files["config/systemd/user/kith.service"])
	}
}

func TestUnknownSchemesAreRefused(t *testing.T) {
	p := newPerson(t, "linux")
	p.o.Schemes = []string{"wtp", "https"}
	if _, err := install.New(p.o); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "https") {
		t.Errorf("New: %v", err)
	}
}
