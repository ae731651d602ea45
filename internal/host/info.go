package host

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// Info is what /.kith/site answers: SiteInfo of web/runtime/types.ts.
type Info struct {
	Version      int              `json:"version"`
	Kind         engine.IndexKind `json:"kind"`
	Address      string           `json:"address"`
	Label        string           `json:"label"`
	Name         string           `json:"name"`
	ID           string           `json:"id"`
	Swarm        string           `json:"swarm"`
	Key          string           `json:"key,omitempty"`
	Index        string           `json:"index"`
	Piece        string           `json:"piece"`
	Trackers     []string         `json:"trackers"`
	ICE          string           `json:"ice"`
	WebTransport []Endpoint       `json:"webtransport"`
	Peer         string           `json:"peer"`
	Node         string           `json:"node"`
	Badge        bool             `json:"badge"`
}

// serveInfo tells a visitor's runtime what the site is.
func (h *Host) serveInfo(a *answer) error {
	ctx, cancel := context.WithTimeout(a.r.Context(), h.o.Patience)
	defer cancel()
	v, err := h.open(ctx, a.site, "")
	if err != nil {
		return err
	}
	defer v.close()
	index, err := h.index(ctx, a.site, v)
	if err != nil {
		return err
	}
	data, err := json.Marshal(h.info(a, v, index))
	if err != nil {
		return err
	}
	a.Header().Set("Cache-Control", "no-cache")
	a.body(http.StatusOK, "application/json", data)
	return nil
}

// index reads the index of a version; from then on its visitors may meet.
func (h *Host) index(ctx context.Context, s *served, v *version) (engine.Index, error) {
	index, err := v.pieces.Index(ctx)
	if err == nil {
		s.meets(index.Swarm, h.o.Versions)
	}
	return index, err
}

// Warm opens a site, so that its first visitor does not wait for peers and its
// peers may meet at the tracker.
func (h *Host) Warm(ctx context.Context, site Site) error {
	s := h.table.Load().same(site)
	if s == nil {
		return fault.New(fault.NotFound, "%s is not served", site.Address.Key())
	}
	handle, err := h.o.Sites.Open(ctx, site.Address)
	if err != nil {
		return err
	}
	_, pieces := handle.Piecer()
	handle.Close()
	if !pieces {
		return nil // its files are served all the same
	}
	v, err := h.open(ctx, s, "")
	if err != nil {
		return err
	}
	defer v.close()
	_, err = h.index(ctx, s, v)
	return err
}

// info describes the version v to whoever asked a.
func (h *Host) info(a *answer, v *version, index engine.Index) Info {
	name, _ := hostName(a.r.Host)
	info := Info{
		Version: 1, Kind: index.Kind, Address: v.address.Root().Key(), Label: a.site.label, Name: a.site.site.Title, ID: v.id,
		Swarm: hex.EncodeToString(index.Swarm[:]), Index: reserved + "/index/" + v.id, Piece: reserved + "/piece/" + v.id + "/",
		Trackers: []string{}, WebTransport: []Endpoint{}, Peer: h.o.Peer, Badge: h.o.Badge,
	}
	if info.Name == "" {
		info.Name = name
	}
	if h.o.Tracker != nil {
		// ws for http and wss for https.
		info.Trackers = append(info.Trackers, "ws"+h.origin(a.r, name)[len("http"):]+reserved+"/tracker")
	}
	info.Trackers = append(info.Trackers, h.o.Trackers...)
	if h.o.ICE != nil {
		info.ICE = reserved + "/ice"
	}
	if h.o.WebTransport != nil {
		info.WebTransport = append(info.WebTransport, h.o.WebTransport(name)...)
	}
	if h.o.NodePort > 0 {
		info.Node = "http://" + a.site.label + ".localhost:" + strconv.Itoa(h.o.NodePort) + "/"
	}
	if a.site.site.Front != nil {
		describeFront(a.site.site.Front, &info)
	}
	return info
}

// version is one version of a site, open to be handed out in pieces.
type version struct {
	id      string
	address address.Address
	handle  Handle // nil for a front
	pieces  engine.Piecer
}

func (v *version) close() {
	if v.handle != nil {
		v.handle.Close()
	}
}

// open opens a version of a site: the one called id that was handed out before,
// or "" for what it is now.
func (h *Host) open(ctx context.Context, s *served, id string) (*version, error) {
	if s.site.Front != nil {
		return openFront(s.site.Front, id)
	}
	a := s.site.Address
	if id != "" {
		earlier, ok := s.version(id)
		if !ok {
			return nil, fault.New(fault.NotFound, "no version %.100q of this site was handed out", id)
		}
		a = earlier
		if s.newest() != id {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, h.o.Earlier)
			defer cancel()
		}
	}
	handle, err := h.o.Sites.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	v := &version{address: handle.Target(), handle: handle}
	pieces, ok := handle.Piecer()
	v.id = idOf(v.address)
	switch {
	case !ok || v.id == "":
		err = fault.New(fault.NotFound, "%s is not handed out in pieces", a.Key())
	case v.address.Path != "":
		err = fault.New(fault.NotFound, "%s begins in a folder of something larger, and is not handed out in pieces", a.Key())
	}
	if err != nil {
		handle.Close()
		return nil, err
	}
	v.pieces = pieces
	if id == "" && s.saw(v.address.Root(), h.o.Versions) {
		h.o.Log.Debug("a version is handed out", "site", s.label, "version", v.id)
	}
	return v, nil
}
