package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"regexp"
	"slices"
)

// view is what a page's frame shows.
type view struct {
	*page
	Site           *site
	Root           string // how the page leads to the site's root
	Previous, Next *page
	Contents       []heading
	ToSource       string
}

// To is how the page leads to another one.
func (v view) To(p *page) string { return relative(v.Name, p.Name, "") }

// Asset is how the page leads to a file of the site.
func (v view) Asset(name string) string { return relative(v.Name, name, "") }

// Front is how the page leads to the first one.
func (v view) Front() string { return relative(v.Name, built(front), "") }

// Everything is how the page leads to the list of all of them.
func (v view) Everything() string { return relative(v.Name, built(contents), "") }

// Groups are those of the navigation.
func (v view) Groups() []*group { return v.Site.groups }

// Long says whether a group is better shut where it is not the page's own.
func (v view) Long(g *group) bool { return len(g.Pages) > 9 && g.Name != v.Group }

// layOut puts the frame around a page.
func (s *site) layOut(p *page) ([]byte, error) {
	frame, err := template.ParseFS(embedded, "page.html")
	if err != nil {
		return nil, err
	}
	v := view{page: p, Site: s}
	order := s.order()
	if i := slices.Index(order, p); p.Group != "" {
		if i > 0 {
			v.Previous = order[i-1]
		}
		if i+1 < len(order) && order[i+1].Group != "" {
			v.Next = order[i+1]
		}
	}
	for _, h := range p.Headings {
		if h.Level <= 3 {
			v.Contents = append(v.Contents, h)
		}
	}
	if len(v.Contents) < 2 {
		v.Contents = nil
	}
	if s.repository != "" {
		v.ToSource = s.repository + "/" + p.Source
	}
	var out bytes.Buffer
	err = frame.Execute(&out, v)
	return out.Bytes(), err
}

var style = regexp.MustCompile(`(?s)<style>(.*)</style>`)

// lost is the page for addresses that lead nowhere. It may be shown at any of them, so
// that it needs nothing beside it and knows one address: where the site is.
func (s *site) lost() ([]byte, error) {
	data, err := embedded.ReadFile("404.html")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(style.FindSubmatch(data)[1])
	data = bytes.ReplaceAll(data, []byte("%STYLE%"), []byte("'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'"))
	return bytes.ReplaceAll(data, []byte("%BASE%"), []byte(template.HTMLEscapeString(s.base))), nil
}
