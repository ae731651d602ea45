package mailbox

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/mailbox"
)

// chunkTime is how long a chunk may take on its way, which a relay's deadlines
// for other requests are too short for.
const chunkTime = 5 * time.Minute

// serveChunk answers what is asked about one chunk (spec §3).
func (p *Part) serveChunk(w http.ResponseWriter, r *http.Request) {
	var id mailbox.ID
	if err := mailbox.Decode(strings.TrimPrefix(r.URL.Path, mailbox.ChunkPath), id[:]); err != nil {
		http.NotFound(w, r)
		return
	}
	until := time.Now().Add(chunkTime)
	c := http.NewResponseController(w)
	if err := errors.Join(c.SetReadDeadline(until), c.SetWriteDeadline(until)); err != nil {
		p.o.Log.Debug("cannot set a chunk's deadline", "error", err)
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		p.getChunk(w, r, id)
	case http.MethodPut:
		p.putChunk(w, r, id)
	case http.MethodDelete:
		p.deleteChunk(w, r, id)
	default:
		http.Error(w, "not for a chunk", http.StatusMethodNotAllowed)
	}
}

func (p *Part) getChunk(w http.ResponseWriter, r *http.Request, id mailbox.ID) {
	f, size, _, err := p.chunks.open(id)
	if err != nil {
		p.chunkTrouble(w, err)
		return
	}
	p.count.chunksGot.Add(1)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(f, eraseSize, size))
	if err := f.Close(); err != nil {
		p.o.Log.Debug("cannot close a chunk", "error", err)
	}
}

func (p *Part) putChunk(w http.ResponseWriter, r *http.Request, id mailbox.ID) {
	var ticket [mailbox.TicketSize]byte
	var erase [eraseSize]byte
	if errors.Join(mailbox.Decode(r.Header.Get(mailbox.TicketHeader), ticket[:]),
		mailbox.Decode(r.Header.Get(mailbox.EraseHeader), erase[:])) != nil {
		http.Error(w, "a ticket and an erase hash are needed", http.StatusForbidden)
		return
	}
	if was, err := p.chunks.erase(id); err == nil && same(was, erase) == nil {
		w.WriteHeader(http.StatusOK) // an answer was lost
		return
	}
	if p.disk.isFull() {
		later(w, http.StatusInsufficientStorage, diskWait)
		return
	}
	class := p.tickets.use(ticket, time.Now())
	size := mailbox.ChunkSize(class)
	if size == 0 {
		http.Error(w, "the ticket is not good", http.StatusForbidden)
		return
	}
	if r.ContentLength != size {
		p.tickets.giveBack(ticket)
		http.Error(w, "the ticket is for another size", http.StatusBadRequest)
		return
	}
	created, err := p.chunks.put(id, erase, size, r.Body)
	switch {
	case err != nil:
		p.tickets.giveBack(ticket)
		p.chunkTrouble(w, err)
	case created:
		p.count.chunksPut.Add(1)
		w.WriteHeader(http.StatusCreated)
	default:
		p.tickets.giveBack(ticket)
		w.WriteHeader(http.StatusOK)
	}
}

func (p *Part) deleteChunk(w http.ResponseWriter, r *http.Request, id mailbox.ID) {
	var key [32]byte
	err := mailbox.Decode(r.Header.Get(mailbox.EraseKeyHeader), key[:])
	if err != nil {
		err = fs.ErrNotExist
	} else {
		err = p.chunks.remove(id, key)
	}
	if err != nil {
		p.chunkTrouble(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// chunkTrouble answers an error.
func (p *Part) chunkTrouble(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.Error(w, "no such chunk", http.StatusNotFound)
	case errors.Is(err, errChunkTaken):
		http.Error(w, "the id is taken", http.StatusConflict)
	case errors.Is(err, errChunksFull):
		p.count.full.Add(1)
		later(w, http.StatusInsufficientStorage, diskWait)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		http.Error(w, "the chunk is not complete", http.StatusBadRequest)
	default:
		p.count.failed.Add(1)
		p.o.Log.Warn("a chunk cannot be kept, read or erased", "error", err)
		later(w, http.StatusServiceUnavailable, failWait)
	}
}
