package main

import (
	"fmt"
	"path"
	"strings"
)

// description is what packages say.
const (
	summary  = "open and publish websites from peers, in the browser"
	about    = "Kith opens and publishes websites without a server: over BitTorrent and\nIPFS, in an ordinary browser. It shares with friends, sends files to devices\nnearby, and runs as a relay or a host for others."
	homepage = "https://github.com/kith-web/kith"
	authors  = "The Kith authors <kith-web@users.noreply.github.com>"
)

// installed are the files of a package of a Linux system.
func (r *release) installed(program []byte, p *parts) ([]file, error) {
	files := []file{{path: "usr/bin/kith", data: program, mode: 0o755}}
	for from, to := range map[string]string{
		"packaging/systemd/kith-relay.service": "usr/lib/systemd/system/kith-relay.service",
		"packaging/systemd/kith-host.service":  "usr/lib/systemd/system/kith-host.service",
		"packaging/systemd/kith.service":       "usr/lib/systemd/user/kith.service",
		"packaging/etc/relay.toml":             "etc/kith/relay.toml",
		"packaging/etc/host.toml":              "etc/kith/host.toml",
		"packaging/etc/kith-host":              "etc/default/kith-host",
		"README.md":                            "usr/share/doc/kith/README.md",
	} {
		data, err := r.read(from)
		if err != nil {
			return nil, err
		}
		f := file{path: to, data: data, mode: 0o644, config: strings.HasPrefix(to, "etc/")}
		if f.config && path.Ext(to) == ".toml" {
			f.mode = 0o640 // tokens may be in it
		}
		files = append(files, f)
	}
	license, err := r.read("LICENSE")
	if err != nil {
		return nil, err
	}
	files = append(files, file{
		path: "usr/share/doc/kith/copyright", mode: 0o644,
		data: fmt.Appendf(nil, "Kith: %s\n\n%s\n%s", homepage, license, p.notices()),
	})
	for _, f := range r.manual {
		if strings.HasPrefix(f.path, "powershell/") {
			continue
		}
		if strings.HasPrefix(f.path, "man/") {
			if f.data, err = compress(f.data, r.level); err != nil {
				return nil, err
			}
			f.path += ".gz"
		}
		f.path = path.Join("usr/share", f.path)
		files = append(files, f)
	}
	return sorted(files), nil
}

// packageVersion is a version as packages have it: what is before a release
// sorts before it.
func packageVersion(version string) string { return strings.Replace(version, "-", "~", 1) }
