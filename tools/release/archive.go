package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"time"

	"github.com/klauspost/compress/gzip"
)

// writeArchive writes the archive for people who unpack it themselves.
func (r *release) writeArchive(t target, program []byte, p *parts) error {
	files := []file{{path: t.program(), data: program, mode: 0o755}, {path: "THIRD-PARTY.txt", data: p.notices(), mode: 0o644}}
	for _, name := range []string{"README.md", "LICENSE"} {
		data, err := r.read(name)
		if err != nil {
			return err
		}
		files = append(files, file{path: name, data: data, mode: 0o644})
	}
	files = below(r.name(t, ""), append(files, below("share", r.manual)...))
	ending, pack := ".tar.gz", func() ([]byte, error) { return gzipped(tarOf("", files, r.date), r.level) }
	if t.os == "windows" {
		ending, pack = ".zip", func() ([]byte, error) { return zipOf(files, r.date) }
	}
	data, err := pack()
	if err != nil {
		return err
	}
	if r.archives == nil {
		r.archives = map[target]string{}
	}
	name := r.name(t, ending)
	r.archives[t] = name
	return r.write(name, data)
}

// tarOfFiles writes what is in a tar archive.
type tarOfFiles func(*tar.Writer) error

// tarOf is an archive of files and the folders they are in, all of one time. The
// prefix is put before every name.
func tarOf(prefix string, files []file, at time.Time) tarOfFiles {
	return func(w *tar.Writer) error {
		for _, dir := range folders(files) {
			if err := w.WriteHeader(tarHeader(prefix+dir+"/", tar.TypeDir, 0o755, 0, at)); err != nil {
				return err
			}
		}
		for _, f := range sorted(files) {
			if err := w.WriteHeader(tarHeader(prefix+f.path, tar.TypeReg, int64(f.mode.Perm()), len(f.data), at)); err != nil {
				return err
			}
			if _, err := w.Write(f.data); err != nil {
				return err
			}
		}
		return nil
	}
}

// tarHeader is a header of GNU's format that belongs to root.
func tarHeader(name string, kind byte, mode int64, size int, at time.Time) *tar.Header {
	return &tar.Header{
		Typeflag: kind, Name: name, Mode: mode, Size: int64(size), ModTime: at,
		Uname: "root", Gname: "root", Format: tar.FormatGNU,
	}
}

func tarred(write tarOfFiles) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := write(w); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}

func gzipped(write tarOfFiles, level int) ([]byte, error) {
	data, err := tarred(write)
	if err != nil {
		return nil, err
	}
	return compress(data, level)
}

// compress compresses without a name and a time of its own.
func compress(data []byte, level int) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	err = z.Close()
	return out.Bytes(), err
}

func zipOf(files []file, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range sorted(files) {
		h := &zip.FileHeader{Name: f.path, Method: zip.Deflate, Modified: at}
		h.SetMode(f.mode)
		entry, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(entry, bytes.NewReader(f.data)); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}
