package api

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/nearby/serve"
)

// Nearby is what a node does with devices around it.
type Nearby struct {
	Service *nearby.Service
	Serves  *serve.Server
	Visitor *serve.Visitor
}

// The routes of devices nearby. Everything that is shown comes from one document,
// nearby.State, which is also the data of the event "nearby":
//
//	GET    /api/v1/nearby?after=V            State; with after, as soon as its version is above V (at most 25 s)
//	PATCH  /api/v1/nearby                    {"name": …} renames this device
//	POST   /api/v1/nearby/pair               {"device": name or ID, "code": …} → Device; waits. Without a code, the
//	                                         State shows a prompt on one side and asks on the other
//	POST   /api/v1/nearby/prompts/{id}       {"code": …} answers a prompt of kind "ask"
//	PATCH  /api/v1/nearby/devices/{id}       {"name": …, "trusted": …} → Device
//	DELETE /api/v1/nearby/devices/{id}       forgets a paired device
//	GET    /api/v1/nearby/devices/{id}/serves  what a paired device serves
//	POST   /api/v1/nearby/send               nearby.SendRequest → nearby.Sent; transfers are in the State
//	POST   /api/v1/nearby/offers/{id}        nearby.Answered: accepts or declines an offer
//	DELETE /api/v1/nearby/transfers/{id}     stops a transfer
//	POST   /api/v1/nearby/receptions         nearby.Reception → {"id"}: 'kith nearby receive'
//	DELETE /api/v1/nearby/receptions/{id}
//	GET    /api/v1/nearby/serves             what this device serves
//	PUT    /api/v1/nearby/serves/{name}      serve.Serve; the name "-" is the one without a name
//	DELETE /api/v1/nearby/serves/{name}
//	POST   /api/v1/nearby/cards              CardRequest: hands a link to the person at a device; waits until they see it
//	DELETE /api/v1/nearby/cards/{id}         forgets a card of the State
//
// Files that a browser gives are sent by way of an upload: POST /api/v1/uploads,
// PUT each file, and then
//
//	POST   /api/v1/uploads/{id}/send         {"to": [name or ID…], "code": …} → nearby.Sent
//
// which deletes the upload when every transfer ended.
func (s *Server) nearbyRoutes(mux *table) {
	for pattern, f := range map[string]http.HandlerFunc{
		"GET /api/v1/nearby":                     s.getNearby,
		"PATCH /api/v1/nearby":                   s.patchNearby,
		"POST /api/v1/nearby/pair":               s.postPair,
		"POST /api/v1/nearby/prompts/{id}":       s.postPrompt,
		"PATCH /api/v1/nearby/devices/{id}":      s.patchDevice,
		"DELETE /api/v1/nearby/devices/{id}":     s.deleteDevice,
		"GET /api/v1/nearby/devices/{id}/serves": s.getDeviceServes,
		"POST /api/v1/nearby/send":               s.postSend,
		"POST /api/v1/nearby/offers/{id}":        s.postOffer,
		"DELETE /api/v1/nearby/transfers/{id}":   s.deleteTransfer,
		"POST /api/v1/nearby/receptions":         s.postReception,
		"DELETE /api/v1/nearby/receptions/{id}":  s.deleteReception,
		"GET /api/v1/nearby/serves":              s.getServes,
		"PUT /api/v1/nearby/serves/{name}":       s.putServe,
		"DELETE /api/v1/nearby/serves/{name}":    s.deleteServe,
		"POST /api/v1/nearby/cards":              s.postCard,
		"DELETE /api/v1/nearby/cards/{id}":       s.deleteCard,
		"POST /api/v1/uploads/{id}/send":         s.sendUpload,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if s.o.Nearby == nil {
				fail(w, fault.New(fault.Unsupported, "nearby is switched off on this node").
					WithHint("set enabled in [nearby] of config.toml"))
				return
			}
			f(w, r)
		})
	}
}

// sendNearby tells a stream of events what changed around this device.
func (s *Server) sendNearby(stream *eventStream, last *change) error {
	if s.o.Nearby == nil {
		return nil
	}
	return last.send(stream, s.o.Nearby.Service.State())
}

// stateTime is how long a client may wait for a change.
const stateTime = 25 * time.Second

func (s *Server) getNearby(w http.ResponseWriter, r *http.Request) {
	follow(w, r, s.o.Nearby.Service.State, s.o.Nearby.Service.Changed)
}

// follow answers with a state; with the query after, as soon as its version is
// above that.
func follow[T any](w http.ResponseWriter, r *http.Request, now func() T, changed func(context.Context, uint64) (T, error)) {
	after := r.URL.Query().Get("after")
	if after == "" {
		answer(w, now(), nil)
		return
	}
	version, err := strconv.ParseUint(after, 10, 64)
	if err != nil {
		fail(w, fault.New(fault.Invalid, "%.40q is no version", after))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), stateTime)
	defer cancel()
	state, err := changed(ctx, version)
	if errors.Is(err, context.DeadlineExceeded) {
		state, err = now(), nil
	}
	answer(w, state, err)
}

// NameChange renames this device.
type NameChange struct {
	Name string `json:"name"`
}

func (s *Server) patchNearby(w http.ResponseWriter, r *http.Request) {
	var c NameChange
	err := decode(w, r, s.o.MaxBody, &c)
	if err == nil {
		err = s.o.Nearby.Service.Rename(c.Name)
	}
	done(w, err)
}

// PairRequest pairs a device.
type PairRequest struct {
	Device string `json:"device"`
	Code   string `json:"code,omitempty"`
}

func (s *Server) postPair(w http.ResponseWriter, r *http.Request) {
	var p PairRequest
	if err := decode(w, r, s.o.MaxBody, &p); err != nil {
		fail(w, err)
		return
	}
	d, err := s.o.Nearby.Service.Pair(r.Context(), p.Device, p.Code)
	answer(w, d, err)
}

// CardRequest hands a link to the person at a device nearby, which is paired first
// where it is not.
type CardRequest struct {
	Device string `json:"device"` // name or ID
	Code   string `json:"code,omitempty"`
	Link   string `json:"link"`
}

func (s *Server) postCard(w http.ResponseWriter, r *http.Request) {
	var c CardRequest
	err := decode(w, r, s.o.MaxBody, &c)
	if err == nil {
		err = s.o.Nearby.Service.HandCard(r.Context(), c.Device, c.Code, c.Link)
	}
	done(w, err)
}

func (s *Server) deleteCard(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Nearby.Service.DropCard(r.PathValue("id")))
}

// CodeAnswer is a code that a person typed.
type CodeAnswer struct {
	Code string `json:"code"`
}

func (s *Server) postPrompt(w http.ResponseWriter, r *http.Request) {
	var c CodeAnswer
	err := decode(w, r, s.o.MaxBody, &c)
	if err == nil {
		err = s.o.Nearby.Service.Answer(r.PathValue("id"), c.Code)
	}
	done(w, err)
}

// DeviceChange changes a paired device; nil leaves a field as it is.
type DeviceChange struct {
	Name    *string `json:"name,omitempty"`
	Trusted *bool   `json:"trusted,omitempty"`
}

func (s *Server) patchDevice(w http.ResponseWriter, r *http.Request) {
	var c DeviceChange
	if err := decode(w, r, s.o.MaxBody, &c); err != nil {
		fail(w, err)
		return
	}
	d, err := s.o.Nearby.Service.Change(r.PathValue("id"), c.Name, c.Trusted)
	answer(w, d, err)
}

func (s *Server) deleteDevice(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Nearby.Service.Forget(r.PathValue("id")))
}

func (s *Server) getDeviceServes(w http.ResponseWriter, r *http.Request) {
	told, err := s.o.Nearby.Visitor.Serves(r.Context(), r.PathValue("id"))
	if told == nil {
		told = []serve.Told{}
	}
	answer(w, told, err)
}

func (s *Server) postSend(w http.ResponseWriter, r *http.Request) {
	var req nearby.SendRequest
	if err := decode(w, r, s.o.MaxBody, &req); err != nil {
		fail(w, err)
		return
	}
	for _, p := range req.Paths {
		if !filepath.IsAbs(p) {
			fail(w, fault.New(fault.Invalid, "%.200q is not a whole path", p))
			return
		}
	}
	sent, err := s.o.Nearby.Service.Send(r.Context(), req)
	answer(w, sent, err)
}

// UploadSend says to whom an upload is sent.
type UploadSend struct {
	To   []string `json:"to"`
	Code string   `json:"code,omitempty"`
}

// sendUpload sends what a browser gave, and deletes it afterwards.
func (s *Server) sendUpload(w http.ResponseWriter, r *http.Request) {
	var req UploadSend
	if err := decode(w, r, s.o.MaxBody, &req); err != nil {
		fail(w, err)
		return
	}
	up, err := s.uploads.take(r.PathValue("id"))
	if err != nil {
		fail(w, err)
		return
	}
	folder := up.root.Name()
	remove := func() {
		if err := errors.Join(up.root.Close(), os.RemoveAll(folder)); err != nil {
			s.o.Log.Warn("an upload was not removed", "error", err)
		}
	}
	entries, err := os.ReadDir(folder)
	var paths []string
	for _, e := range entries {
		paths = append(paths, filepath.Join(folder, e.Name()))
	}
	var sent nearby.Sent
	if err == nil {
		sent, err = s.o.Nearby.Service.Send(r.Context(), nearby.SendRequest{Paths: paths, To: req.To, Code: req.Code})
	}
	if len(sent.Transfers) == 0 {
		remove()
	} else {
		go func() {
			s.o.Nearby.Service.Wait(sent.Transfers)
			remove()
		}()
	}
	answer(w, sent, err)
}

func (s *Server) postOffer(w http.ResponseWriter, r *http.Request) {
	var a nearby.Answered
	err := decode(w, r, s.o.MaxBody, &a)
	if err == nil {
		err = s.o.Nearby.Service.AnswerOffer(r.PathValue("id"), a)
	}
	done(w, err)
}

func (s *Server) deleteTransfer(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Nearby.Service.Cancel(r.PathValue("id")))
}

type receptionAnswer struct {
	ID string `json:"id"`
}

func (s *Server) postReception(w http.ResponseWriter, r *http.Request) {
	var req nearby.Reception
	if err := decode(w, r, s.o.MaxBody, &req); err != nil {
		fail(w, err)
		return
	}
	id, err := s.o.Nearby.Service.StartReceiving(req)
	answer(w, receptionAnswer{id}, err)
}

func (s *Server) deleteReception(w http.ResponseWriter, r *http.Request) {
	s.o.Nearby.Service.StopReceiving(r.PathValue("id"))
	done(w, nil)
}

func (s *Server) getServes(w http.ResponseWriter, _ *http.Request) {
	answer(w, s.o.Nearby.Serves.List(), nil)
}

// unnamed stands for the empty name in a path.
const unnamed = "-"

func serveName(r *http.Request) string {
	if name := r.PathValue("name"); name != unnamed {
		return name
	}
	return ""
}

func (s *Server) putServe(w http.ResponseWriter, r *http.Request) {
	var v serve.Serve
	err := decode(w, r, s.o.MaxBody, &v)
	if err == nil {
		v.Name = serveName(r)
		err = s.o.Nearby.Serves.Add(v)
	}
	done(w, err)
}

func (s *Server) deleteServe(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Nearby.Serves.Remove(serveName(r)))
}
