package main

import (
	"bytes"
	"fmt"

	"github.com/google/rpmpack"
)

// writeRPM writes a package of RPM systems.
func (r *release) writeRPM(t target, files []file) error {
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[t.arch]
	p, err := rpmpack.NewRPM(rpmpack.RPMMetaData{
		Name: "kith", Version: packageVersion(r.version), Release: "1", Arch: arch, OS: "linux",
		Summary: summary, Description: about, URL: homepage, Licence: "Apache-2.0", Packager: authors,
		BuildTime: r.date, BuildHost: "reproducible", Compressor: fmt.Sprintf("gzip:%d", r.level), Epoch: rpmpack.NoEpoch,
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		kind := rpmpack.GenericFile
		if f.config {
			kind = rpmpack.ConfigFile | rpmpack.NoReplaceFile
		}
		p.AddFile(rpmpack.RPMFile{
			Name: "/" + f.path, Body: f.data, Mode: 0o100000 | uint(f.mode.Perm()), Owner: "root", Group: "root",
			MTime: uint32(r.date.Unix()), Type: kind,
		})
	}
	for name, add := range map[string]func(string){"postin": p.AddPostin, "preun": p.AddPreun, "postun": p.AddPostun} {
		script, err := r.read("packaging/rpm/" + name)
		if err != nil {
			return err
		}
		add(string(script))
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		return err
	}
	return r.write(fmt.Sprintf("kith-%s-1.%s.rpm", packageVersion(r.version), arch), out.Bytes())
}
