package api

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/kith-web/kith/internal/fault"
)

// staging marks the folder of an upload that is not published yet.
const staging = ".staging"

// uploads are folders on their way from a browser to the home. What a browser
// gives is a copy, so that a published upload is kept in the home for good:
// home/published/<id>/<site name>/.
type uploads struct {
	dir string
	o   Options

	mu   sync.Mutex
	open map[string]*upload
}

// upload is one folder in the making. Its lock covers its counts.
type upload struct {
	id   string
	root *os.Root

	mu    sync.Mutex
	bytes int64
	files int
}

// newUploads clears away what an interrupted process left behind.
func newUploads(dir string, o Options) (*uploads, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of uploads: %w", err)
	}
	stale, err := filepath.Glob(filepath.Join(dir, "*"+staging))
	if err != nil {
		return nil, err
	}
	for _, s := range stale {
		if err := os.RemoveAll(s); err != nil {
			return nil, fmt.Errorf("clear the folder of uploads: %w", err)
		}
	}
	return &uploads{dir: dir, o: o, open: map[string]*upload{}}, nil
}

func (u *uploads) begin() (*upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.open) >= u.o.MaxUploads {
		return nil, fault.New(fault.RateLimited, "%d uploads are under way already", len(u.open)).
			WithHint("finish or cancel one first")
	}
	up := &upload{id: randomHex(8)}
	folder := filepath.Join(u.dir, up.id+staging)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	up.root = root
	u.open[up.id] = up
	return up, nil
}

func (u *uploads) get(id string) (*upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if up, ok := u.open[id]; ok {
		return up, nil
	}
	return nil, fault.New(fault.NotFound, "there is no upload %.40q", id)
}

// cancel drops an upload with its files.
func (u *uploads) cancel(id string) error {
	up, err := u.take(id)
	if err != nil {
		return err
	}
	return errors.Join(up.root.Close(), os.RemoveAll(filepath.Join(u.dir, up.id+staging)))
}

// finish moves the files of an upload to their final folder, which is named
// site, and returns its path.
func (u *uploads) finish(id, site string) (string, error) {
	if !validName(site) {
		return "", fault.New(fault.Invalid, "%.100q cannot be the name of a folder", site)
	}
	up, err := u.take(id)
	if err != nil {
		return "", err
	}
	final := filepath.Join(u.dir, up.id, site)
	err = errors.Join(
		up.root.Close(),
		os.MkdirAll(filepath.Dir(final), 0o700),
		os.Rename(filepath.Join(u.dir, up.id+staging), final),
	)
	return final, err
}

func (u *uploads) take(id string) (*upload, error) {
	up, err := u.get(id)
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.open, id)
	return up, nil
}

// discard removes a published upload's folder, and nothing that is not one.
func (u *uploads) discard(folder string) error {
	rel, err := filepath.Rel(u.dir, folder)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return nil
	}
	id, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
	return os.RemoveAll(filepath.Join(u.dir, id))
}

// put stores one file, whole or not at all.
func (up *upload) put(name string, body io.Reader, o Options) (err error) {
	if !validPath(name) {
		return fault.New(fault.Invalid, "%.200q cannot be the path of a file", name)
	}
	limit, err := up.admit(o)
	if err != nil {
		return err
	}
	if err := up.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := up.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Conflict, "%.200q was sent twice", name)
	}
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(body, limit+1))
	if err == nil && n > limit {
		err = fault.New(fault.TooLarge, "the folder is larger than %d bytes", o.MaxUpload).
			WithHint("raise publish.max_upload in config.toml, or use 'kith publish', which copies nothing")
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, up.root.Remove(name))
	}
	return up.count(n, o)
}

// admit counts a file that begins and says how many bytes are left for it.
func (up *upload) admit(o Options) (left int64, err error) {
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.files >= o.MaxUploadFiles {
		return 0, fault.New(fault.TooLarge, "the folder has more than %d files", o.MaxUploadFiles)
	}
	up.files++
	return o.MaxUpload - up.bytes, nil
}

func (up *upload) count(n int64, o Options) error {
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.bytes += n; up.bytes > o.MaxUpload {
		return fault.New(fault.TooLarge, "the folder is larger than %d bytes", o.MaxUpload)
	}
	return nil
}

// validPath admits paths that stay inside a folder on every system.
func validPath(name string) bool {
	if name == "." || !fs.ValidPath(name) || !filepath.IsLocal(filepath.FromSlash(name)) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if !validName(part) {
			return false
		}
	}
	return true
}

func validName(part string) bool {
	return part != "" && part != "." && part != ".." && len(part) <= 255 &&
		!strings.ContainsAny(part, "/\\\x00") && filepath.IsLocal(part)
}

func (s *Server) postUpload(w http.ResponseWriter, _ *http.Request) {
	up, err := s.uploads.begin()
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, uploadAnswer{ID: up.id}, nil)
}

type uploadAnswer struct {
	ID string `json:"id"`
}

func (s *Server) putUploadFile(w http.ResponseWriter, r *http.Request) {
	up, err := s.uploads.get(r.PathValue("id"))
	if err == nil {
		err = up.put(r.PathValue("path"), r.Body, s.o)
	}
	done(w, err)
}

func (s *Server) deleteUpload(w http.ResponseWriter, r *http.Request) {
	done(w, s.uploads.cancel(r.PathValue("id")))
}
