package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
)

// checkRPM reads the package back.
func checkRPM(t *testing.T, m made) {
	data, err := os.ReadFile(m.path(t, "*.rpm"))
	must(t, err)
	files, strs, err := readRPM(data)
	must(t, err)
	for tag, want := range map[uint32]string{1000: "kith", 1001: "0.0.1~test.1", 1002: "1", 1014: "Apache-2.0", 1125: "gzip"} {
		if strs[tag] != want {
			t.Errorf("tag %d is %q, want %q", tag, strs[tag], want)
		}
	}
	program := filepath.Join(t.TempDir(), "kith")
	must(t, os.WriteFile(program, files["/usr/bin/kith"], 0o755))
	sayVersion(t, program)
	for _, name := range []string{
		"/usr/lib/systemd/system/kith-relay.service", "/usr/lib/systemd/system/kith-host.service", "/usr/lib/systemd/user/kith.service",
		"/etc/kith/relay.toml", "/etc/default/kith-host", "/usr/share/man/man1/kith.1.gz", "/usr/share/zsh/site-functions/_kith",
	} {
		if len(files[name]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	if _, err := exec.LookPath("rpm"); err == nil {
		harness.Run(t, harness.Program{Path: "rpm", Args: []string{"-K", "--nosignature", m.path(t, "*.rpm")}})
	}
}

// readRPM reads the files of a package, and the strings of its header (Linux
// Standard Base, Core, 25.2).
func readRPM(data []byte) (map[string][]byte, map[uint32]string, error) {
	const lead, intro, entry = 96, 16, 16
	if len(data) < lead || binary.BigEndian.Uint32(data) != 0xedabeedb {
		return nil, nil, errors.New("it has no lead")
	}
	data = data[lead:]
	strs := map[uint32]string{}
	for header := range 2 { // signatures, then what the package is
		if len(data) < intro || !bytes.HasPrefix(data, []byte{0x8e, 0xad, 0xe8, 1}) {
			return nil, nil, fmt.Errorf("header %d is none", header)
		}
		entries, size := int(binary.BigEndian.Uint32(data[8:])), int(binary.BigEndian.Uint32(data[12:]))
		index, store := data[intro:][:entries*entry], data[intro+entries*entry:][:size]
		for ; header == 1 && len(index) > 0; index = index[entry:] {
			if kind := binary.BigEndian.Uint32(index[4:]); kind == 6 || kind == 9 { // a string, one in languages
				text, _, _ := bytes.Cut(store[binary.BigEndian.Uint32(index[8:]):], []byte{0})
				strs[binary.BigEndian.Uint32(index)] = string(text)
			}
		}
		whole := intro + entries*entry + size
		if header == 0 {
			whole = (whole + 7) / 8 * 8
		}
		data = data[whole:]
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, nil, err
	}
	payload, err := io.ReadAll(z)
	if err != nil {
		return nil, nil, err
	}
	files, err := readCPIO(payload)
	return files, strs, err
}

// readCPIO reads an archive in the "new ASCII" form of cpio.
func readCPIO(data []byte) (map[string][]byte, error) {
	const header = 110
	files := map[string][]byte{}
	for len(data) >= header && string(data[:6]) == "070701" {
		size, err := strconv.ParseUint(string(data[54:62]), 16, 32)
		if err != nil {
			return nil, err
		}
		length, err := strconv.ParseUint(string(data[94:102]), 16, 32)
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(string(data[header:header+length-1]), ".")
		if name == "TRAILER!!!" {
			return files, nil
		}
		data = data[(header+length+3)/4*4:]
		files[name] = data[:size]
		data = data[(size+3)/4*4:]
	}
	return nil, errors.New("the archive has no end")
}

// descriptor is a reference in an image layout.
type descriptor struct {
	MediaType, Digest string
	Annotations       map[string]string
	Platform          struct{ Architecture, OS string }
}

// checkImage finds the relay's image by its name, unpacks and runs it.
func checkImage(t *testing.T, m made) {
	layout := t.TempDir()
	harness.Run(t, harness.Program{Path: "tar", Args: []string{"-xf", m.path(t, "*_images.tar"), "-C", layout}})
	var top, index struct{ Manifests []descriptor }
	readJSON(t, filepath.Join(layout, "index.json"), &top)
	if len(top.Manifests) != 2 {
		t.Fatalf("there are %d images, want relay and host", len(top.Manifests))
	}
	for _, image := range top.Manifests {
		readJSON(t, blob(layout, image.Digest), &index)
		if got := index.Manifests[0].Platform; got.Architecture != runtime.GOARCH || got.OS != "linux" {
			t.Errorf("%s is for %+v", image.Annotations["org.opencontainers.image.ref.name"], got)
		}
		if image.Annotations["org.opencontainers.image.ref.name"] == "relay-"+version {
			runImage(t, layout, index.Manifests[0])
		}
	}
}

func runImage(t *testing.T, layout string, d descriptor) {
	t.Helper()
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	readJSON(t, blob(layout, d.Digest), &manifest)
	var image struct {
		Config struct {
			User            string
			Entrypoint, Cmd []string
			Env             []string
		}
	}
	readJSON(t, blob(layout, manifest.Config.Digest), &image)
	if image.Config.User != "65532:65532" || strings.Join(image.Config.Cmd, " ") != "relay --listen 0.0.0.0:5487" {
		t.Fatalf("the image is for %+v", image.Config)
	}
	harness.NeedRoot(t) // to unpack owners, and for chroot
	root := filepath.Join(t.TempDir(), "root")
	must(t, os.Mkdir(root, 0o755))
	for _, l := range manifest.Layers {
		unpackLayer(t, blob(layout, l.Digest), root)
	}
	roots, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil || bytes.Count(roots, []byte("BEGIN CERTIFICATE")) < 100 {
		t.Errorf("the image has %d certificates: %v", bytes.Count(roots, []byte("BEGIN CERTIFICATE")), err)
	}
	args := append([]string{"--userspec=" + image.Config.User, root}, image.Config.Entrypoint...)
	args = append(append(args, image.Config.Cmd...), "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
	healthy(t, harness.Start(t, harness.Program{Path: "chroot", Args: args, Env: image.Config.Env}))
	if _, err := os.Stat(filepath.Join(root, "data/relay.secret")); err != nil {
		t.Errorf("the relay keeps nothing in /data: %v", err)
	}
}

func blob(layout, digest string) string {
	return filepath.Join(layout, "blobs", strings.Replace(digest, ":", "/", 1))
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, json.Unmarshal(data, v))
}

func unpackLayer(t *testing.T, path, to string) {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		must(t, err)
		name := filepath.Join(to, h.Name)
		if h.Typeflag == tar.TypeDir {
			must(t, os.MkdirAll(name, 0o755))
		} else {
			data, err := io.ReadAll(r)
			must(t, err)
			must(t, os.WriteFile(name, data, 0o600))
		}
		must(t, os.Chown(name, h.Uid, h.Gid))
		must(t, os.Chmod(name, h.FileInfo().Mode()))
	}
}

// checkParts holds the list of parts against what the go command says.
func checkParts(t *testing.T, m made) {
	var bill struct {
		BOMFormat, SpecVersion string
		Components             []struct {
			Name, Version, PURL string
			Licenses            []struct{ Expression string }
		}
	}
	readJSON(t, m.path(t, "*.cdx.json"), &bill)
	if bill.BOMFormat != "CycloneDX" || bill.SpecVersion != "1.6" {
		t.Errorf("it is %s %s", bill.BOMFormat, bill.SpecVersion)
	}
	known := map[string]bool{}
	for _, c := range bill.Components {
		known[c.Name+"@"+c.Version] = true
		if c.PURL == "" || len(c.Licenses) != 1 || c.Licenses[0].Expression == "" {
			t.Errorf("%s has no address or licence: %+v", c.Name, c)
		}
	}
	dir := t.TempDir()
	name := "kith_" + version + "_linux_" + runtime.GOARCH
	harness.Run(t, harness.Program{Path: "tar", Args: []string{"-xzf", m.path(t, name+".tar.gz"), "-C", dir, name + "/kith"}})
	modules := 0
	for line := range strings.Lines(harness.Run(t, harness.Program{Path: "go", Args: []string{"version", "-m", filepath.Join(dir, name, "kith")}})) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "dep" {
			continue
		}
		modules++
		if !known[words[1]+"@"+words[2]] {
			t.Errorf("%s %s is not in the list", words[1], words[2])
		}
	}
	if modules < 50 || modules+2 > len(known) {
		t.Errorf("%d modules are in the program, %d parts in the list", modules, len(known))
	}
}
