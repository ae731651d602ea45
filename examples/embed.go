// Package examples holds what a node can show to somebody who has just begun: a small
// site, and an app. They are real ones: welcome is published as it is, notes is the
// app of the same folder (README.md).
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
