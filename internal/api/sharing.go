package api

import (
	"context"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// Sharing is the person of this home: internal/sharing's Service.
type Sharing interface {
	// State is what a page shows; Changed waits until it is newer than version.
	State() sharing.State
	Changed(ctx context.Context, version uint64) (sharing.State, error)

	// Create makes a person where there is none, Rename changes what friends and
	// devices are told, Phrase has the recovery phrase until ForgetPhrase.
	Create(ctx context.Context, name string) error
	Rename(ctx context.Context, name string) error
	Phrase(ctx context.Context) ([]string, error)
	ForgetPhrase(ctx context.Context) error
	Recover(ctx context.Context, words []string, name string) error
	Backup(ctx context.Context) ([]byte, error)
	BackupDevices(ctx context.Context, words []string, file []byte) ([]sharing.Device, error)
	Restore(ctx context.Context, words []string, file []byte, keep ...string) error
	Incarnate(ctx context.Context) error
	Unlock(ctx context.Context, passphrase string) error
	Lock(ctx context.Context) error
	SetPassphrase(ctx context.Context, old, passphrase string) error

	// LinkDevice makes this home a device of a person on another one; AcceptDevice
	// takes its link there; ConfirmDevice says that the codes are the same, and
	// CancelLink gives it up.
	LinkDevice(ctx context.Context, name string) (sharing.Invitation, error)
	AcceptDevice(ctx context.Context, link string) (sharing.Link, error)
	ConfirmDevice(ctx context.Context, id string) error
	CancelLink(ctx context.Context, id string) error
	ChangeDevice(ctx context.Context, id, name string, holds *sharing.Holding) error
	RevokeDevice(ctx context.Context, id string, words []string) error

	Invite(ctx context.Context, name string, expires time.Duration) (sharing.Invitation, error)
	CancelInvitation(ctx context.Context, id string) error
	Accept(ctx context.Context, link, name string) (sharing.Friend, error)
	ChangeFriend(ctx context.Context, friend string, c sharing.FriendChange) (sharing.Friend, error)
	RemoveFriend(ctx context.Context, friend string) (sharing.Removal, error)
	SetList(ctx context.Context, name string, friends []string) error
	RemoveList(ctx context.Context, name string) error

	Put(ctx context.Context, p sharing.Put) (sharing.Document, error)
	Document(ctx context.Context, app, path string) (sharing.Document, error)
	Open(ctx context.Context, app, path string) (sharing.Document, sharing.Body, error)
	Documents(ctx context.Context, app, prefix, label string) ([]sharing.Document, error)
	ChangeDocument(ctx context.Context, app, path string, c sharing.Change) (sharing.Document, error)
	Delete(ctx context.Context, app, path string) (sharing.Deleted, error)

	// Held are the apps that have documents.
	Held(ctx context.Context) ([]sharing.Held, error)

	Ask(ctx context.Context, a sharing.Ask) (*sharing.Answer, error)
	Question(ctx context.Context, id string) (*sharing.Answer, error)
	Forget(ctx context.Context, friend, path string) error
}

// The routes of a person, friends and documents. Everything that is shown comes
// from one document, sharing.State, which is also the data of the event
// "sharing":
//
//	GET    /api/v1/sharing?after=V             State; with after, as soon as its version is above V (at most 25 s)
//	POST   /api/v1/person                      {"name": …} makes a person
//	PATCH  /api/v1/person                      {"name": …}
//	GET    /api/v1/person/phrase               {"words": […]} until it is deleted
//	DELETE /api/v1/person/phrase               it is written down
//	POST   /api/v1/person/recover              {"words": […], "name": …}
//	GET    /api/v1/person/backup               friends and names, sealed to the phrase
//	POST   /api/v1/person/restore              {"words": […], "file": base64, "keep": [names of devices…]}
//	POST   /api/v1/person/restore/devices      {"words": […], "file": base64} → the devices that the backup names
//	POST   /api/v1/person/unlock               {"passphrase": …}
//	POST   /api/v1/person/lock
//	PUT    /api/v1/person/passphrase           {"old": …, "new": …}; an empty new one takes it off
//	POST   /api/v1/devices                     {"name": …} → Invitation: this home wants to be a device
//	POST   /api/v1/devices/accept              {"link": …} → Link
//	POST   /api/v1/devices/{id}/confirm        the codes are the same
//	DELETE /api/v1/links/{id}                  gives a device up that is on its way in
//	POST   /api/v1/devices/incarnate           gives this one a new key: it was put back from a copy
//	PATCH  /api/v1/devices/{id}                {"name": …, "holds": …}
//	DELETE /api/v1/devices/{id}                {"words": […]} or nothing: revokes it
//	POST   /api/v1/invitations                 {"for": …, "expires": seconds} → Invitation
//	DELETE /api/v1/invitations/{id}
//	POST   /api/v1/friends                     {"link": …, "name": …} → Friend
//	PATCH  /api/v1/friends/{friend}            FriendChange → Friend
//	DELETE /api/v1/friends/{friend}            → Removal
//	GET    /api/v1/friends/{friend}/data/{path...}   asks the friend; HTTP semantics; Prefer: wait=30
//	DELETE /api/v1/friends/{friend}/data/{path...}   erases the copy here
//	GET    /api/v1/questions/{id}              the answer to a question that waited
//	PUT    /api/v1/lists/{name}                {"friends": […]}
//	DELETE /api/v1/lists/{name}
//
// Documents are in sharingdata.go.
func (s *Server) sharingRoutes(mux *table) {
	routes := map[string]http.HandlerFunc{
		"GET /api/v1/sharing":                            s.getSharing,
		"POST /api/v1/person":                            s.postPerson,
		"PATCH /api/v1/person":                           s.patchPerson,
		"GET /api/v1/person/phrase":                      s.getPhrase,
		"DELETE /api/v1/person/phrase":                   s.deletePhrase,
		"POST /api/v1/person/recover":                    s.postRecover,
		"GET /api/v1/person/backup":                      s.getBackup,
		"POST /api/v1/person/restore":                    s.postRestore,
		"POST /api/v1/person/restore/devices":            s.postBackupDevices,
		"POST /api/v1/devices/incarnate":                 s.postIncarnate,
		"POST /api/v1/person/unlock":                     s.postUnlock,
		"POST /api/v1/person/lock":                       s.postLock,
		"PUT /api/v1/person/passphrase":                  s.putPassphrase,
		"POST /api/v1/devices":                           s.postDevice,
		"POST /api/v1/devices/accept":                    s.postDeviceAccept,
		"POST /api/v1/devices/{id}/confirm":              s.postDeviceConfirm,
		"DELETE /api/v1/links/{id}":                      s.deleteDeviceLink,
		"PATCH /api/v1/devices/{id}":                     s.patchOwnDevice,
		"DELETE /api/v1/devices/{id}":                    s.deleteOwnDevice,
		"POST /api/v1/invitations":                       s.postInvitation,
		"DELETE /api/v1/invitations/{id}":                s.deleteInvitation,
		"POST /api/v1/friends":                           s.postFriend,
		"PATCH /api/v1/friends/{friend}":                 s.patchFriend,
		"DELETE /api/v1/friends/{friend}":                s.deleteFriend,
		"GET /api/v1/friends/{friend}/data/{path...}":    s.getFriendData,
		"DELETE /api/v1/friends/{friend}/data/{path...}": s.deleteFriendData,
		"GET /api/v1/questions/{id}":                     s.getQuestion,
		"PUT /api/v1/lists/{name}":                       s.putList,
		"DELETE /api/v1/lists/{name}":                    s.deleteList,
		"GET /api/v1/data/{path...}":                     s.getData,
		"PUT /api/v1/data/{path...}":                     s.putData,
		"PATCH /api/v1/data/{path...}":                   s.patchData,
		"DELETE /api/v1/data/{path...}":                  s.deleteData,
	}
	for pattern, f := range routes {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if s.o.Sharing == nil {
				fail(w, fault.New(fault.Unsupported, "private sharing is switched off on this node").
					WithHint("set enabled in [friends] of config.toml"))
				return
			}
			f(w, r)
		})
	}
}

// sendSharing tells a stream of events what changed.
func (s *Server) sendSharing(stream *eventStream, last *change) error {
	if s.o.Sharing == nil {
		return nil
	}
	return last.send(stream, s.o.Sharing.State())
}

func (s *Server) getSharing(w http.ResponseWriter, r *http.Request) {
	follow(w, r, s.o.Sharing.State, s.o.Sharing.Changed)
}

// Words is a recovery phrase, and what recovering with it needs.
type Words struct {
	Words []string `json:"words"`
	Name  string   `json:"name,omitempty"`
}

// Passphrase unlocks; New changes it, and an empty New takes it off.
type Passphrase struct {
	Passphrase string `json:"passphrase,omitempty"`
	Old        string `json:"old,omitempty"`
	New        string `json:"new,omitempty"`
}

func (s *Server) postPerson(w http.ResponseWriter, r *http.Request) {
	var c NameChange
	err := decode(w, r, s.o.MaxBody, &c)
	if err == nil {
		err = s.o.Sharing.Create(r.Context(), c.Name)
	}
	done(w, err)
}

func (s *Server) patchPerson(w http.ResponseWriter, r *http.Request) {
	var c NameChange
	err := decode(w, r, s.o.MaxBody, &c)
	if err == nil {
		err = s.o.Sharing.Rename(r.Context(), c.Name)
	}
	done(w, err)
}

func (s *Server) getPhrase(w http.ResponseWriter, r *http.Request) {
	words, err := s.o.Sharing.Phrase(r.Context())
	answer(w, Words{Words: words}, err)
}

func (s *Server) deletePhrase(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Sharing.ForgetPhrase(r.Context()))
}

func (s *Server) postRecover(w http.ResponseWriter, r *http.Request) {
	var words Words
	err := decode(w, r, s.o.MaxBody, &words)
	if err == nil {
		err = s.o.Sharing.Recover(r.Context(), words.Words, words.Name)
	}
	done(w, err)
}

func (s *Server) postUnlock(w http.ResponseWriter, r *http.Request) {
	var p Passphrase
	err := decode(w, r, s.o.MaxBody, &p)
	if err == nil {
		err = s.o.Sharing.Unlock(r.Context(), p.Passphrase)
	}
	done(w, err)
}

func (s *Server) postLock(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Sharing.Lock(r.Context()))
}

func (s *Server) putPassphrase(w http.ResponseWriter, r *http.Request) {
	var p Passphrase
	err := decode(w, r, s.o.MaxBody, &p)
	if err == nil {
		err = s.o.Sharing.SetPassphrase(r.Context(), p.Old, p.New)
	}
	done(w, err)
}

// Invite asks for a link: For is whom it is meant for, Expires is in seconds and
// 0 for the usual time.
type Invite struct {
	For     string `json:"for,omitempty"`
	Expires int64  `json:"expires,omitempty"`
}

func (s *Server) postInvitation(w http.ResponseWriter, r *http.Request) {
	var i Invite
	if err := decode(w, r, s.o.MaxBody, &i); err != nil {
		fail(w, err)
		return
	}
	invitation, err := s.o.Sharing.Invite(r.Context(), i.For, time.Duration(i.Expires)*time.Second)
	answer(w, invitation, err)
}

func (s *Server) deleteInvitation(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Sharing.CancelInvitation(r.Context(), r.PathValue("id")))
}

// LinkGiven is a link that somebody was given.
type LinkGiven struct {
	Link string `json:"link"`
	Name string `json:"name,omitempty"`
}

func (s *Server) postFriend(w http.ResponseWriter, r *http.Request) {
	var l LinkGiven
	if err := decode(w, r, s.o.MaxBody, &l); err != nil {
		fail(w, err)
		return
	}
	friend, err := s.o.Sharing.Accept(r.Context(), l.Link, l.Name)
	answer(w, friend, err)
}

func (s *Server) patchFriend(w http.ResponseWriter, r *http.Request) {
	var c sharing.FriendChange
	if err := decode(w, r, s.o.MaxBody, &c); err != nil {
		fail(w, err)
		return
	}
	friend, err := s.o.Sharing.ChangeFriend(r.Context(), r.PathValue("friend"), c)
	answer(w, friend, err)
}

func (s *Server) deleteFriend(w http.ResponseWriter, r *http.Request) {
	removal, err := s.o.Sharing.RemoveFriend(r.Context(), r.PathValue("friend"))
	answer(w, removal, err)
}

func (s *Server) putList(w http.ResponseWriter, r *http.Request) {
	var l sharing.List
	err := decode(w, r, s.o.MaxBody, &l)
	if err == nil {
		err = s.o.Sharing.SetList(r.Context(), r.PathValue("name"), l.Friends)
	}
	done(w, err)
}

func (s *Server) deleteList(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Sharing.RemoveList(r.Context(), r.PathValue("name")))
}

func (s *Server) postDevice(w http.ResponseWriter, r *http.Request) {
	var c NameChange
	if err := decode(w, r, s.o.MaxBody, &c); err != nil {
		fail(w, err)
		return
	}
	invitation, err := s.o.Sharing.LinkDevice(r.Context(), c.Name)
	answer(w, invitation, err)
}

func (s *Server) postDeviceAccept(w http.ResponseWriter, r *http.Request) {
	var l LinkGiven
	if err := decode(w, r, s.o.MaxBody, &l); err != nil {
		fail(w, err)
		return
	}
	link, err := s.o.Sharing.AcceptDevice(r.Context(), l.Link)
	answer(w, link, err)
}

func (s *Server) postDeviceConfirm(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Sharing.ConfirmDevice(r.Context(), r.PathValue("id")))
}

func (s *Server) deleteDeviceLink(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Sharing.CancelLink(r.Context(), r.PathValue("id")))
}

// OwnDeviceChange changes one of the person's devices; empty fields stay.
type OwnDeviceChange struct {
	Name  string           `json:"name,omitempty"`
	Holds *sharing.Holding `json:"holds,omitempty"`
}

func (s *Server) patchOwnDevice(w http.ResponseWriter, r *http.Request) {
	var c OwnDeviceChange
	err := decode(w, r, s.o.MaxBody, &c)
	if err == nil {
		err = s.o.Sharing.ChangeDevice(r.Context(), r.PathValue("id"), c.Name, c.Holds)
	}
	done(w, err)
}

func (s *Server) deleteOwnDevice(w http.ResponseWriter, r *http.Request) {
	var words Words
	if r.ContentLength != 0 {
		if err := decode(w, r, s.o.MaxBody, &words); err != nil {
			fail(w, err)
			return
		}
	}
	done(w, s.o.Sharing.RevokeDevice(r.Context(), r.PathValue("id"), words.Words))
}
