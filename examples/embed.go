package examples

import (
	"embed"
	"io/fs"
)

//go:embed welcome notes/dist
var files embed.FS

// Welcome returns the files of the site.
func Welcome() fs.FS { return sub("welcome") }

// Notes returns the files of the app, without those of the browser peer, which are in
// package web.
func Notes() fs.FS { return sub("notes/dist") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		return files // only for a name that is not valid, which these are not
	}
	return f
}
