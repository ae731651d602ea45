package install

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/kith-web/kith/internal/fault"
)

// Schemes are the links that Kith opens (IANA: magnet; provisional: ipfs, ipns,
// dweb; web+wtp is the form that browsers let pages register).
func Schemes() []string { return []string{"wtp", "web+wtp", "ipfs", "ipns", "dweb", "magnet"} }

// RecordName is the file in a home that says what was installed and what was
// there before.
const RecordName = "install.json"

// Options of New. System, Program, Home and the folders are required.
type Options struct {
	// System is the operating system, as runtime.GOOS names it.
	System string
	// Program is the absolute path of the kith that links start.
	Program string
	// Home is the node's home. OtherHome says that it is not the one which
	// Program finds by itself, so that it has to be named.
	Home      string
	OtherHome bool
	// User, Config and Data are the person's folder, and those of the XDG Base
	// Directory Specification (0.8) for configuration and data.
	User, Config, Data string
	// Icon is the picture of the program, an SVG.
	Icon []byte
	// Schemes are the links to take, without a colon; nil for none.
	Schemes []string
	// Service starts the node with the session.
	Service bool
	// Systemd says that systemd's user manager runs for this person.
	Systemd bool
	// Run runs a program of the system and returns what it printed, which is part
	// of the error as well.
	Run func(ctx context.Context, name string, args ...string) (string, error)
	// Has reports whether the system has a program.
	Has func(name string) bool
}

// Installer installs and removes.
type Installer struct{ o Options }

// New returns an Installer.
func New(o Options) (*Installer, error) {
	for _, dir := range []string{o.Program, o.Home, o.User, o.Config, o.Data} {
		if !filepath.IsAbs(dir) {
			return nil, fault.New(fault.Internal, "install: %q is no absolute path", dir)
		}
	}
	for _, s := range o.Schemes {
		if !slices.Contains(Schemes(), s) {
			return nil, fault.New(fault.Invalid, "%.40q is no kind of link that Kith opens", s).
				WithHint("those are %v", Schemes())
		}
	}
	return &Installer{o}, nil
}

// Step is one thing that was done, in words.
type Step struct {
	// What says what was done: "wrote …", "ran …".
	What string `json:"what"`
	// Problem is why it was not; "" when it was.
	Problem string `json:"problem,omitempty"`
}

// record is what an installation has to remember.
type record struct {
	// Schemes and Service are what was asked for, by any call.
	Schemes []string `json:"schemes"`
	Service bool     `json:"service"`
	// Before is what opened the links before, by type or scheme.
	Before map[string]string `json:"before"`
}

// Plan says what Install would do, and does nothing.
func (i *Installer) Plan() ([]Step, error) {
	steps, err := i.plan(false)
	if err != nil {
		return nil, err
	}
	var all []Step
	for _, s := range steps {
		if what := s.plan(); what != "" {
			all = append(all, Step{What: what})
		}
	}
	return all, nil
}

// Install does every step. A step that another one does not need, such as telling
// the desktop at once, may fail; the error is then nil and the step has a Problem.
// Installing again brings everything up to date.
func (i *Installer) Install(ctx context.Context) ([]Step, error) {
	steps, err := i.plan(false)
	if err != nil {
		return nil, err
	}
	kept, _, err := i.load()
	if err != nil {
		return nil, err
	}
	for _, s := range i.o.Schemes {
		if !slices.Contains(kept.Schemes, s) {
			kept.Schemes = append(kept.Schemes, s)
		}
	}
	kept.Service = kept.Service || i.o.Service
	// The record comes first: what is done afterwards can always be undone.
	if err := i.save(kept); err != nil {
		return nil, err
	}
	var done []Step
	for _, s := range steps {
		what := s.plan()
		if what == "" {
			continue
		}
		done = append(done, Step{What: what})
		err := s.do(ctx, i, &kept)
		if err == nil {
			err = i.save(kept)
		}
		if err == nil {
			continue
		}
		done[len(done)-1].Problem = err.Error()
		if !s.mayFail() {
			return done, fmt.Errorf("%s: %w", what, err)
		}
	}
	return done, nil
}

// Remove undoes an installation, the last step first, and goes on where a step
// fails. It is no error when nothing is installed.
func (i *Installer) Remove(ctx context.Context) ([]Step, error) {
	kept, there, err := i.load()
	if err != nil || !there {
		return nil, err
	}
	i = &Installer{i.o}
	i.o.Schemes, i.o.Service = kept.Schemes, kept.Service
	steps, err := i.plan(true)
	if err != nil {
		return nil, err
	}
	var done []Step
	failed := 0
	for _, s := range slices.Backward(steps) {
		what, err := s.undo(ctx, i, &kept)
		if what == "" && err == nil {
			continue
		}
		step := Step{What: what}
		if err != nil {
			step.Problem = err.Error()
			if !s.mayFail() {
				failed++
			}
		}
		done = append(done, step)
	}
	if failed > 0 {
		return done, fault.New(fault.Partial, "%d of %d steps could not be undone", failed, len(done)).
			WithHint("see what each says, and run 'kith uninstall' again")
	}
	if err := os.Remove(i.recordPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return done, fmt.Errorf("remove the record: %w", err)
	}
	return done, nil
}

// plan is the list of steps for the system; when it is to be undone, of what may
// have been done.
func (i *Installer) plan(undo bool) ([]step, error) {
	switch i.o.System {
	case "linux", "freebsd", "openbsd", "netbsd", "dragonfly":
		return i.planXDG(undo), nil
	case "darwin":
		return i.planMac(), nil
	case "windows":
		return i.planWindows(), nil
	}
	return nil, fault.New(fault.Unsupported, "kith cannot install itself on %s", i.o.System).
		WithHint("start it with 'kith up' where your system starts programs of a session")
}

// command is the command line that starts the program with args.
func (i *Installer) command(args ...string) []string {
	all := []string{i.o.Program}
	all = append(all, args...)
	if i.o.OtherHome {
		all = append(all, "--home", i.o.Home)
	}
	return all
}

func (i *Installer) recordPath() string { return filepath.Join(i.o.Home, RecordName) }

// load reads the record, and says whether there is one.
func (i *Installer) load() (r record, there bool, err error) {
	r.Before = map[string]string{}
	data, err := os.ReadFile(i.recordPath())
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return r, true, fault.New(fault.Corrupt, "cannot read %s: %w", i.recordPath(), err).
			WithHint("remove the file; the default applications of before are then not put back")
	}
	return r, true, nil
}

func (i *Installer) save(r record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(i.recordPath(), append(data, '\n'), 0o600)
}
