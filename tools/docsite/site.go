package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// The documents that say what belongs to the site.
const (
	front    = "README.md"
	contents = "docs/README.md"
)

//go:embed assets page.html 404.html
var embedded embed.FS

// group is a part of the navigation.
type group struct {
	Name  string
	Pages []*page
}

// site is all that is made.
type site struct {
	options
	groups     []*group
	pages      map[string]*page  // by the document's path
	pictures   map[string]string // paths in the repository to names in the site
	complaints []string
}

// build returns the site's files by their names, and what is wrong with the documents.
func build(o options) (map[string][]byte, []string, error) {
	s := &site{options: o, pages: map[string]*page{}, pictures: map[string]string{}}
	if err := s.list(); err != nil {
		return nil, nil, err
	}
	for _, p := range s.order() {
		s.readHeadings(p)
	}
	files := map[string][]byte{}
	for _, p := range s.order() {
		if err := s.render(p); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p.Source, err)
		}
		if files[p.Name] != nil {
			return nil, nil, fmt.Errorf("%s: another document has the name %s too", p.Source, p.Name)
		}
		html, err := s.layOut(p)
		if err != nil {
			return nil, nil, err
		}
		files[p.Name] = html
	}
	if err := s.unlisted(); err != nil {
		return nil, nil, err
	}
	return files, s.complaints, s.addAssets(files)
}

// list reads the navigation out of the list of contents: a heading is a group, a link
// below it a page, a link to a folder all pages in it.
func (s *site) list() error {
	if _, err := s.load(front); err != nil {
		return err
	}
	index, err := s.load(contents)
	if err != nil {
		return err
	}
	var g *group
	return ast.Walk(index.document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			if n.Level == 2 {
				g = &group{Name: plain(n, index.text)}
				s.groups = append(s.groups, g)
			}
		case *ast.Link:
			if g == nil {
				break
			}
			return ast.WalkSkipChildren, s.listed(g, plain(n, index.text), string(n.Destination))
		}
		return ast.WalkContinue, nil
	})
}

// listed adds what a link of the list of contents leads to.
func (s *site) listed(g *group, label, to string) error {
	to, _, _ = strings.Cut(to, "#")
	if to == "" || strings.Contains(to, "://") {
		return nil
	}
	source := path.Join(path.Dir(contents), to)
	info, err := os.Stat(s.file(source))
	if err != nil {
		return nil // the link is reported as dead when the page is made
	}
	if !info.IsDir() {
		return s.add(g, label, source)
	}
	names, err := filepath.Glob(filepath.Join(s.file(source), "*.md"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.add(g, "", path.Join(source, filepath.Base(name))); err != nil {
			return err
		}
	}
	return nil
}

// add adds a document to a group, unless it is in one already.
func (s *site) add(g *group, label, source string) error {
	if path.Ext(source) != ".md" {
		return nil
	}
	p := s.pages[source]
	if p == nil {
		var err error
		if p, err = s.load(source); err != nil {
			return err
		}
	}
	if p.Group == "" {
		p.Group, p.Label = g.Name, label
		if label == "" {
			p.Label, p.byFolder = p.Title, true
		}
		g.Pages = append(g.Pages, p)
	}
	return nil
}

// order returns all pages as one reads them; those in no group come last.
func (s *site) order() []*page {
	var out []*page
	for _, g := range s.groups {
		out = append(out, g.Pages...)
	}
	for _, source := range []string{front, contents} {
		if s.pages[source].Group == "" {
			out = append(out, s.pages[source])
		}
	}
	return out
}

// unlisted complains of documents that the list of contents does not lead to.
func (s *site) unlisted() error {
	for _, folder := range []string{"docs", "spec"} {
		err := fs.WalkDir(os.DirFS(s.root), folder, func(name string, _ fs.DirEntry, err error) error {
			if err == nil && path.Ext(name) == ".md" && s.pages[name] == nil {
				s.complain("%s: %s does not lead here", name, contents)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *site) complain(format string, args ...any) {
	s.complaints = append(s.complaints, fmt.Sprintf(format, args...))
}

// file is a path of the repository in this system's form.
func (s *site) file(name string) string { return filepath.Join(s.root, filepath.FromSlash(name)) }

// addAssets adds what is not a page.
func (s *site) addAssets(files map[string][]byte) error {
	tokens, err := os.ReadFile(s.file("web/console/style/tokens.css")) // the console's colours and sizes are the site's too
	if err != nil {
		return err
	}
	own, err := embedded.ReadFile("assets/site.css")
	if err != nil {
		return err
	}
	files["assets/site.css"] = slices.Concat(tokens, []byte("\n"), own)
	if files["assets/site.js"], err = embedded.ReadFile("assets/site.js"); err != nil {
		return err
	}
	if files["assets/icon.svg"], err = os.ReadFile(s.file("web/static/icon.svg")); err != nil {
		return err
	}
	if files["assets/search.json"], err = s.index(); err != nil {
		return err
	}
	for source, name := range s.pictures {
		if files[name], err = os.ReadFile(s.file(source)); err != nil {
			return err
		}
	}
	files["404.html"], err = s.lost()
	return err
}
