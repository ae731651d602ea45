package host

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// immutable is the Cache-Control of what is named by its content.
const immutable = "public, max-age=29030400, immutable"

// serveReserved answers below /.kith/.
func (h *Host) serveReserved(a *answer, path string) {
	first, rest, deeper := strings.Cut(path, "/")
	var err error
	switch {
	case first == "index" && rest != "":
		err = h.serveIndex(a, rest)
	case first == "piece" && rest != "":
		err = h.servePiece(a, rest)
	case first == "seed" && rest != "" && a.site.site.Front == nil:
		err = h.serveSeed(a, rest)
	case deeper:
		err = nothing(path)
	case first == "site":
		err = h.serveInfo(a)
	case first == "ice" && h.o.ICE != nil:
		err = h.serveICE(a)
	case (first == "tracker" || first == "announce" || first == "scrape") && h.o.Tracker != nil:
		h.serveTracker(a, "/"+first)
	case !h.assets.serve(a, first):
		err = nothing(path)
	}
	if err != nil {
		if kind := fault.KindOf(err); kind == fault.Internal || kind == fault.Corrupt || kind == fault.NoSpace {
			h.o.Log.Warn("cannot answer", "site", a.site.label, "path", path, "error", err)
		}
		a.refuse(fault.Status(err))
	}
}

func nothing(path string) error {
	return fault.New(fault.NotFound, "there is no %s/%.100s", reserved, path)
}

// serveTracker hands a request to the tracker, at the path it knows.
func (h *Host) serveTracker(a *answer, path string) {
	if path == "/tracker" {
		path = "/"
	}
	in := a.r.WithContext(a.r.Context())
	u := *a.r.URL
	u.Path, u.RawPath = path, ""
	in.URL = &u
	// A WebSocket takes the connection over, from the server's own writer.
	h.o.Tracker.ServeHTTP(a.ResponseWriter, in)
}

// serveICE hands out STUN and TURN.
func (h *Host) serveICE(a *answer) error {
	name, _ := hostName(a.r.Host)
	list := h.o.ICE(name)
	if list == nil {
		list = []ICEServer{}
	}
	data, err := json.Marshal(list)
	if err != nil {
		return err
	}
	a.Header().Set("Cache-Control", "no-store")
	a.body(http.StatusOK, "application/json", data)
	return nil
}

// serveIndex answers with the index of a version.
func (h *Host) serveIndex(a *answer, id string) error {
	ctx, cancel := context.WithTimeout(a.r.Context(), h.o.Patience)
	defer cancel()
	v, err := h.open(ctx, a.site, id)
	if err != nil {
		return err
	}
	defer v.close()
	index, err := h.index(ctx, a.site, v)
	if err != nil {
		return err
	}
	h.serveBytes(a, `"`+id+`.index"`, index.Data)
	return nil
}

// servePiece answers with one piece of a version: <id>/<number>.
func (h *Host) servePiece(a *answer, rest string) error {
	id, number, _ := strings.Cut(rest, "/")
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || strconv.Itoa(i) != number {
		return nothing("piece/" + rest)
	}
	ctx, cancel := context.WithTimeout(a.r.Context(), h.o.Patience)
	defer cancel()
	v, err := h.open(ctx, a.site, id)
	if err != nil {
		return err
	}
	defer v.close()
	data, done, err := h.piece(ctx, v.pieces, i)
	if err != nil {
		return err
	}
	defer done()
	a.count.pieces.Add(1)
	a.bytes = &a.count.pieceBytes
	h.serveBytes(a, `"`+id+"."+number+`"`, data)
	return nil
}

// piece reads a piece; done gives back its place in memory.
func (h *Host) piece(ctx context.Context, p engine.Piecer, i int) (data []byte, done func(), err error) {
	select {
	case h.pieces <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
	done = func() { <-h.pieces }
	if data, err = p.Piece(ctx, i); err != nil {
		done()
		return nil, nil, err
	}
	return data, done, nil
}
