package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is who the program is in a container.
const user = 65532

// platform is the file system of a container for one kind of processor.
type platform struct {
	target target
	layer  blob
	plain  [32]byte // the checksum of the layer before it was compressed
}

// addImage makes the file system: the program, the roots of certificates that
// browsers trust (for ACME and Web Push), a user, a folder for temporary files
// and one for the home.
func (r *release) addImage(t target, program []byte) error {
	files := []file{
		{path: "etc/group", data: fmt.Appendf(nil, "root:x:0:\nkith:x:%d:\n", user), mode: 0o644},
		{path: "etc/passwd", data: fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\nkith:x:%d:%d:kith:/data:/sbin/nologin\n", user, user), mode: 0o644},
		{path: "etc/ssl/certs/ca-certificates.crt", data: roots(), mode: 0o644},
		{path: "kith", data: program, mode: 0o755},
	}
	plain, err := tarred(func(w *tar.Writer) error {
		if err := tarOf("", files, r.date)(w); err != nil {
			return err
		}
		home := tarHeader("data/", tar.TypeDir, 0o700, 0, r.date)
		home.Uid, home.Gid, home.Uname, home.Gname = user, user, "kith", "kith"
		if err := w.WriteHeader(home); err != nil {
			return err
		}
		return w.WriteHeader(tarHeader("tmp/", tar.TypeDir, 0o1777, 0, r.date))
	})
	if err != nil {
		return err
	}
	data, err := compress(plain, r.level)
	if err != nil {
		return err
	}
	r.images = append(r.images, platform{t, newBlob("application/vnd.oci.image.layer.v1.tar+gzip", data), sum(plain)})
	return nil
}

// roots are the certificates of Mozilla's programme that are trusted without
// conditions, which a file cannot express.
func roots() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // to memory
		}
	}
	return out.Bytes()
}

// blob is one content of an image layout, with what others say of it.
type blob struct {
	Type        string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	data        []byte
}

func newBlob(kind string, data []byte) blob {
	return blob{Type: kind, Digest: fmt.Sprintf("sha256:%x", sum(data)), Size: len(data), data: data}
}

func jsonBlob(kind string, v any) (blob, error) {
	data, err := json.Marshal(v)
	return newBlob(kind, data), err
}

// role is what an image does unless told otherwise.
type role struct {
	name  string
	args  []string
	ports []string
}

func roles() []role {
	return []role{
		{"relay", []string{"relay", "--listen", "0.0.0.0:5487"}, []string{"5487/tcp", "5487/udp"}},
		{"host", []string{"host", "--http", "0.0.0.0:8080", "--domain", "host.localhost", "@=/srv"}, []string{"8080/tcp"}},
	}
}

// writeImages writes one archive in the form of OCI's image layout, in which
// are an image for each role and the processors they are for.
func (r *release) writeImages() error {
	if len(r.images) == 0 {
		return nil
	}
	blobs := map[string]blob{}
	var top []blob
	for _, role := range roles() {
		var manifests []blob
		for _, p := range r.images {
			m, err := r.imageOf(role, p, blobs)
			if err != nil {
				return err
			}
			manifests = append(manifests, m)
		}
		index, err := jsonBlob("application/vnd.oci.image.index.v1+json", map[string]any{
			"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests,
		})
		if err != nil {
			return err
		}
		blobs[index.Digest] = index
		index.Annotations = map[string]string{"org.opencontainers.image.ref.name": role.name + "-" + r.version}
		top = append(top, index)
	}
	index, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": top,
	})
	if err != nil {
		return err
	}
	files := []file{
		{path: "oci-layout", data: []byte(`{"imageLayoutVersion":"1.0.0"}`), mode: 0o644},
		{path: "index.json", data: index, mode: 0o644},
	}
	for digest, b := range blobs {
		files = append(files, file{path: "blobs/sha256/" + digest[len("sha256:"):], data: b.data, mode: fs.FileMode(0o644)})
	}
	data, err := tarred(tarOf("", files, r.date))
	if err != nil {
		return err
	}
	return r.write(fmt.Sprintf("kith_%s_images.tar", r.version), data)
}

// imageOf adds the image of one role for one kind of processor to blobs.
func (r *release) imageOf(role role, p platform, blobs map[string]blob) (blob, error) {
	ports := map[string]struct{}{}
	for _, port := range role.ports {
		ports[port] = struct{}{}
	}
	labels := map[string]string{
		"org.opencontainers.image.title": "kith " + role.name, "org.opencontainers.image.version": r.version,
		"org.opencontainers.image.revision": r.commit, "org.opencontainers.image.source": homepage,
		"org.opencontainers.image.licenses": "Apache-2.0",
	}
	config, err := jsonBlob("application/vnd.oci.image.config.v1+json", map[string]any{
		"created": r.date.Format(time.RFC3339), "architecture": p.target.arch, "os": p.target.os,
		"config": map[string]any{
			"User": fmt.Sprintf("%d:%d", user, user), "Env": []string{"HOME=/data", "KITH_HOME=/data"}, "WorkingDir": "/data",
			"Entrypoint": []string{"/kith"}, "Cmd": role.args, "ExposedPorts": ports, "Volumes": map[string]struct{}{"/data": {}},
			"Labels": labels,
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", p.plain)}},
		"history": []any{map[string]any{"created": r.date.Format(time.RFC3339), "created_by": "kith tools/release"}},
	})
	if err != nil {
		return blob{}, err
	}
	manifest, err := jsonBlob("application/vnd.oci.image.manifest.v1+json", map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": config, "layers": []blob{p.layer}, "annotations": labels,
	})
	if err != nil {
		return blob{}, err
	}
	for _, b := range []blob{config, manifest, p.layer} {
		blobs[b.Digest] = b
	}
	manifest.Platform = map[string]string{"architecture": p.target.arch, "os": p.target.os}
	return manifest, nil
}
