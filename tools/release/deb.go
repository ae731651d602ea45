package main

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"slices"
	"strings"
	"time"
)

// writeDeb writes a package of Debian (deb(5), deb-control(5)): an ar archive of
// two tar archives, one about the package and one with its files.
func (r *release) writeDeb(t target, files []file) error {
	files = slices.Clone(files)
	for i, f := range files { // zsh of Debian looks elsewhere
		files[i].path = strings.Replace(f.path, "zsh/site-functions/", "zsh/vendor-completions/", 1)
	}
	about, err := r.debControl(t, files)
	if err != nil {
		return err
	}
	control, err := gzipped(tarOf("./", about, r.date), r.level)
	if err != nil {
		return err
	}
	data, err := gzipped(tarOf("./", files, r.date), r.level)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString("!<arch>\n")
	for _, member := range []struct {
		name string
		data []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar.gz", control}, {"data.tar.gz", data}} {
		arMember(&out, member.name, member.data, r.date)
	}
	return r.write(fmt.Sprintf("kith_%s_%s.deb", packageVersion(r.version), t.arch), out.Bytes())
}

func arMember(out *bytes.Buffer, name string, data []byte, at time.Time) {
	fmt.Fprintf(out, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, at.Unix(), 0, 0, "100644", len(data))
	out.Write(data)
	if len(data)%2 == 1 {
		out.WriteByte('\n')
	}
}

// debControl are the files about the package.
func (r *release) debControl(t target, files []file) ([]file, error) {
	var sums, configs strings.Builder
	size := 0
	for _, f := range files {
		fmt.Fprintf(&sums, "%x  %s\n", md5.Sum(f.data), f.path)
		if f.config {
			fmt.Fprintf(&configs, "/%s\n", f.path)
		}
		size += len(f.data)
	}
	control := fmt.Sprintf(`Package: kith
Version: %s
Architecture: %s
Maintainer: %s
Installed-Size: %d
Recommends: ca-certificates
Section: net
Priority: optional
Homepage: %s
Description: %s
 %s
`, packageVersion(r.version), t.arch, authors, (size+1023)/1024, homepage, summary, strings.ReplaceAll(about, "\n", "\n "))
	out := []file{
		{path: "control", data: []byte(control), mode: 0o644},
		{path: "md5sums", data: []byte(sums.String()), mode: 0o644},
		{path: "conffiles", data: []byte(configs.String()), mode: 0o644},
	}
	for _, name := range []string{"postinst", "prerm", "postrm"} {
		script, err := r.read("packaging/debian/" + name)
		if err != nil {
			return nil, err
		}
		out = append(out, file{path: name, data: script, mode: 0o755})
	}
	return sorted(out), nil
}
