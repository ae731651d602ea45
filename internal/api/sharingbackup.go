package api

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/kith-web/kith/internal/sharing"
)

// maxBackup is how large a backup may be.
const maxBackup = 64 << 20

// Restore is a backup and the phrase that opens it. Keep names the devices in it
// that stay.
type Restore struct {
	Words []string `json:"words"`
	File  []byte   `json:"file"`
	Keep  []string `json:"keep,omitempty"`
}

func (s *Server) getBackup(w http.ResponseWriter, r *http.Request) {
	file, err := s.o.Sharing.Backup(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	inert(w, "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(file)))
	_, _ = w.Write(file)
}

func (s *Server) postRestore(w http.ResponseWriter, r *http.Request) {
	var b Restore
	err := decode(w, r, 2*maxBackup, &b)
	if err == nil {
		err = s.o.Sharing.Restore(r.Context(), b.Words, b.File, b.Keep...)
	}
	done(w, err)
}

func (s *Server) postBackupDevices(w http.ResponseWriter, r *http.Request) {
	var b Restore
	if err := decode(w, r, 2*maxBackup, &b); err != nil {
		fail(w, err)
		return
	}
	devices, err := s.o.Sharing.BackupDevices(r.Context(), b.Words, b.File)
	answer(w, devices, err)
}

func (s *Server) postIncarnate(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Sharing.Incarnate(r.Context()))
}

// Backup returns the person's friends and names, sealed to the recovery phrase.
func (c *Client) Backup(ctx context.Context) ([]byte, error) {
	resp, err := c.open(ctx, "/api/v1/person/backup", http.Header{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(io.LimitReader(resp.Body, maxBackup))
}

// RestorePerson makes this home a device of the person whose backup it is. Devices
// in keep, which the backup names, stay.
func (c *Client) RestorePerson(ctx context.Context, words []string, file []byte, keep ...string) error {
	return c.call(ctx, http.MethodPost, "/api/v1/person/restore", Restore{words, file, keep}, nil)
}

// BackupDevices returns the devices that a backup names.
func (c *Client) BackupDevices(ctx context.Context, words []string, file []byte) (devices []sharing.Device, err error) {
	err = c.call(ctx, http.MethodPost, "/api/v1/person/restore/devices", Restore{Words: words, File: file}, &devices)
	return devices, err
}

// Incarnate gives the device a new key, after its home was put back from a copy.
func (c *Client) Incarnate(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/api/v1/devices/incarnate", nil, nil)
}
