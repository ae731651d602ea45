package api

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/kith-web/kith/examples"
	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
	"github.com/kith-web/kith/internal/site"
	"github.com/kith-web/kith/web"
)

// Example is a site or an app that comes with the program.
type Example struct {
	Name string `json:"name"`
	// App says that it is one, and runs in the shell.
	App bool `json:"app"`
	// Published says that this node publishes it. Then Folder is what was unpacked,
	// and it is at Address and, for the browser, at URL.
	Published bool   `json:"published"`
	Folder    string `json:"folder,omitempty"`
	Address   string `json:"address,omitempty"`
	Label     string `json:"label,omitempty"`
	URL       string `json:"url,omitempty"`
}

// Names of the examples.
const (
	exampleSite = "welcome"
	exampleApp  = "notes"
)

// exampleFiles are what an example is made of: folders whose files are put together.
func exampleFiles(name string) ([]fs.FS, error) {
	switch name {
	case exampleSite:
		return []fs.FS{examples.Welcome()}, nil
	case exampleApp:
		peer, err := fs.Sub(web.Dist(), "peer") // for visitors who have no node
		return []fs.FS{examples.Notes(), peer}, err
	}
	return nil, fault.New(fault.NotFound, "there is no example %.40q", name).
		WithHint("there are %s and %s", exampleSite, exampleApp)
}

// folder is where an example is unpacked.
func (t *tour) folder(name string) string { return filepath.Join(t.s.o.Home, "examples", name) }

// examples says which of them are published.
func (t *tour) examples(publications []publish.Publication) []Example {
	list := []Example{}
	for _, name := range []string{exampleSite, exampleApp} {
		e := Example{Name: name, App: name == exampleApp}
		i := slices.IndexFunc(publications, func(p publish.Publication) bool { return p.Folder == t.folder(name) })
		if i >= 0 {
			e = t.published(e, publications[i])
		}
		list = append(list, e)
	}
	return list
}

// published fills in where a publication is found.
func (t *tour) published(e Example, p publish.Publication) Example {
	e.Published, e.Folder, e.Address = true, p.Folder, p.IPFS
	if e.Address == "" {
		e.Address = p.WTP
	}
	a, err := address.Parse(e.Address)
	if err != nil {
		return e
	}
	known := site.Site{Mode: site.ModeSite}
	if e.App {
		known.Mode = site.ModeApp
	}
	if o, err := t.s.opened(a, known); err == nil {
		e.Label, e.URL = o.Label, o.URL
	}
	return e
}

// publish unpacks an example into the home, and publishes it as any other folder.
func (t *tour) publish(ctx context.Context, name string) (e Example, err error) {
	sources, err := exampleFiles(name)
	if err != nil {
		return e, err
	}
	p, err := t.s.publisher()
	if err != nil {
		return e, err
	}
	t.publishing.Lock()
	defer t.publishing.Unlock()
	if err := unpack(t.folder(name), sources); err != nil {
		return e, err
	}
	out, err := p.Publish(ctx, publish.Request{Folder: t.folder(name)}, func(publish.Progress) {})
	if err != nil {
		return e, err
	}
	e = t.published(Example{Name: name, App: name == exampleApp}, out)
	if e.App {
		_, err = t.s.open(ctx, OpenRequest{Address: e.Address, Mode: site.ModeApp})
	}
	return e, err
}

// unpack writes files into a folder. Those that are there and the same stay as they
// are, so that what is published of them stays valid.
func unpack(folder string, sources []fs.FS) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for _, source := range sources {
		err := fs.WalkDir(source, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || name == "." {
				return err
			}
			if d.IsDir() {
				return root.MkdirAll(name, 0o700)
			}
			data, err := fs.ReadFile(source, name)
			if err != nil {
				return err
			}
			return writeOnce(root, name, data)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func writeOnce(root *os.Root, name string, data []byte) error {
	if f, err := root.Open(name); err == nil {
		there, err := io.ReadAll(io.LimitReader(f, int64(len(data))+1))
		_ = f.Close()
		if err == nil && string(there) == string(data) {
			return nil
		}
	}
	return root.WriteFile(name, data, 0o600)
}

// remove undoes publish: nothing of the example is served or kept any more. What its
// app wrote stays among the person's documents.
func (t *tour) remove(ctx context.Context, name string) error {
	if _, err := exampleFiles(name); err != nil {
		return err
	}
	t.publishing.Lock()
	defer t.publishing.Unlock()
	folder := t.folder(name)
	err := t.s.forget(ctx, func(p publish.Publication) bool {
		if p.Folder != folder {
			return false
		}
		t.disconnect(p)
		return true
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	return os.RemoveAll(folder)
}

// disconnect takes back what the app of a publication may.
func (t *tour) disconnect(p publish.Publication) {
	e := t.published(Example{App: true}, p)
	if t.s.o.Apps == nil || e.Label == "" {
		return
	}
	if err := t.s.o.Apps.Revoke(e.Label); err != nil && fault.KindOf(err) != fault.NotFound {
		t.s.o.Log.Warn("cannot disconnect an example", "error", err)
	}
}

func (s *Server) postExample(w http.ResponseWriter, r *http.Request) {
	e, err := s.tour.publish(r.Context(), r.PathValue("name"))
	answer(w, e, err)
}

func (s *Server) deleteExample(w http.ResponseWriter, r *http.Request) {
	done(w, s.tour.remove(r.Context(), r.PathValue("name")))
}
