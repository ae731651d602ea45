package api

import (
	"context"
	"io"
	"net/http"
	"strconv"
)

// maxBackup is how large a backup may be.
const maxBackup = 64 << 20

// Restore is a backup and the phrase that opens it.
type Restore struct {
	Words []string `json:"words"`
	File  []byte   `json:"file"`
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
		err = s.o.Sharing.Restore(r.Context(), b.Words, b.File)
	}
	done(w, err)
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

// RestorePerson makes this home a device of the person whose backup it is.
func (c *Client) RestorePerson(ctx context.Context, words []string, file []byte) error {
	return c.call(ctx, http.MethodPost, "/api/v1/person/restore", Restore{words, file}, nil)
}
