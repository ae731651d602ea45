package gateway

import (
	"errors"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// maxClimb is how many folders upwards a 404.html is looked for.
const maxClimb = 32

// request is what a URL path asks for.
type request struct {
	name   string // as in io/fs
	folder bool   // the path ended in a slash
	clean  string // the path as it should be written; "" when it was
}

// readPath translates a URL path into a name. What cannot be one is an error:
// a server that guesses what "..", NUL or an encoded slash may mean serves, one
// day, what it should not.
func readPath(u *url.URL) (request, error) {
	p := u.Path
	if p == "" {
		p = "/"
	}
	if p[0] != '/' || strings.ContainsRune(p, 0) {
		return request{}, fault.New(fault.Invalid, "%.200q is no path", p)
	}
	if strings.Contains(strings.ToLower(u.RawPath), "%2f") {
		return request{}, fault.New(fault.NotFound, "%.200q is not on this site: no name has a slash in it", u.RawPath)
	}
	if strings.Contains(p, "//") {
		clean := path.Clean(p)
		if strings.HasSuffix(p, "/") && clean != "/" {
			clean += "/"
		}
		return request{clean: (&url.URL{Path: clean}).EscapedPath()}, nil
	}
	out := request{name: strings.Trim(p, "/"), folder: strings.HasSuffix(p, "/")}
	if out.name == "" {
		out.name = "."
	}
	if !fs.ValidPath(out.name) {
		return request{}, fault.New(fault.Invalid, "%.200q is no path of a site", p).
			WithHint("write the path without . and .. and as UTF-8")
	}
	return out, nil
}

// tree finds things in a site.
type tree struct {
	fsys  fs.FS
	rules func(fs.FS) (*ruleFile, error)
}

// found is what a path leads to: a file, a folder to list, or another path. It
// is closed by whoever got it.
type found struct {
	status   int // 200, or what a rule or a missing file makes of it
	name     string
	file     engine.File // nil for a folder and for a location
	info     fs.FileInfo // nil for a location, and for a status without a page
	location string      // where to go instead
}

func (f *found) close() {
	if f.file != nil {
		_ = f.file.Close()
	}
}

// find follows a request to what answers it. u is the URL it came from.
func (t tree) find(req request, u *url.URL) (*found, error) {
	if req.clean != "" {
		return &found{status: 301, location: withQuery(req.clean, u.RawQuery)}, nil
	}
	out, err := t.open(req.name)
	switch {
	case err == nil && out.file == nil && !req.folder:
		out.location, out.status = withQuery(u.EscapedPath()+"/", u.RawQuery), 301
		return out, nil
	case err == nil && out.file == nil:
		return t.index(out)
	case err == nil && req.folder:
		out.close()
		return &found{status: 301, location: withQuery(strings.TrimRight(u.EscapedPath(), "/"), u.RawQuery)}, nil
	case err == nil:
		return out, nil
	case !isMissing(err):
		return nil, err
	}
	if !req.folder && !strings.Contains(path.Base(req.name), ".") {
		if out, err := t.openFile(req.name + ".html"); err == nil || !isMissing(err) {
			return out, err
		}
	}
	return t.findMissing(req, u)
}

// findMissing answers for what is not there: by a rule of _redirects, or with
// the nearest 404.html.
func (t tree) findMissing(req request, u *url.URL) (*found, error) {
	rules, err := t.rules(t.fsys)
	if err != nil {
		return nil, err
	}
	if out, err := t.follow(rules, req, u); out != nil || err != nil {
		return out, err
	}
	dir := req.name
	for range maxClimb {
		dir = path.Dir(dir)
		out, err := t.openFile(path.Join(dir, "404.html"))
		if err == nil {
			out.status = 404
			return out, nil
		}
		if !isMissing(err) {
			return nil, err
		}
		if dir == "." {
			break
		}
	}
	return nil, fault.New(fault.NotFound, "there is no %.200q on this site", "/"+strings.TrimPrefix(req.name, "."))
}

// isMissing reports whether err only says that a name is not there.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid)
}

// open opens a file, or says that name is a folder.
func (t tree) open(name string) (*found, error) {
	f, err := t.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	if info.IsDir() {
		return &found{status: 200, name: name, info: info}, f.Close()
	}
	file, ok := f.(engine.File)
	if !ok || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &found{status: 200, name: name, file: file, info: info}, nil
}

// openFile opens a regular file; a folder counts as missing.
func (t tree) openFile(name string) (*found, error) {
	out, err := t.open(name)
	if err == nil && out.file == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return out, err
}

// index turns a folder into its index.html, where it has one.
func (t tree) index(folder *found) (*found, error) {
	out, err := t.openFile(path.Join(folder.name, "index.html"))
	if err == nil {
		return out, nil
	}
	if isMissing(err) {
		return folder, nil
	}
	return nil, err
}

// withQuery adds a query to a path, before its fragment.
func withQuery(p, query string) string {
	if query == "" {
		return p
	}
	p, fragment, marked := strings.Cut(p, "#")
	if strings.Contains(p, "?") {
		p += "&" + query
	} else {
		p += "?" + query
	}
	if marked {
		p += "#" + fragment
	}
	return p
}
