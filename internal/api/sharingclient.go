package api

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// SharingState returns the person, friends, devices and what waits.
func (c *Client) SharingState(ctx context.Context) (st sharing.State, err error) {
	return st, c.call(ctx, http.MethodGet, "/api/v1/sharing", nil, &st)
}

// SharingChanged waits until the state is newer than version; now and then it
// returns the same.
func (c *Client) SharingChanged(ctx context.Context, version uint64) (st sharing.State, err error) {
	return st, c.call(ctx, http.MethodGet, "/api/v1/sharing?after="+strconv.FormatUint(version, 10), nil, &st)
}

// CreatePerson makes a person where there is none.
func (c *Client) CreatePerson(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodPost, "/api/v1/person", NameChange{name}, nil)
}

// RenamePerson changes what friends and devices are told.
func (c *Client) RenamePerson(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodPatch, "/api/v1/person", NameChange{name}, nil)
}

// Phrase returns the words of the recovery phrase, until ForgetPhrase.
func (c *Client) Phrase(ctx context.Context) ([]string, error) {
	var w Words
	err := c.call(ctx, http.MethodGet, "/api/v1/person/phrase", nil, &w)
	return w.Words, err
}

// ForgetPhrase says that the phrase is written down; the node erases it.
func (c *Client) ForgetPhrase(ctx context.Context) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/person/phrase", nil, nil)
}

// RecoverPerson makes this home a device of the person whose phrase it is.
func (c *Client) RecoverPerson(ctx context.Context, words []string, name string) error {
	return c.call(ctx, http.MethodPost, "/api/v1/person/recover", Words{words, name}, nil)
}

// Unlock opens what a passphrase keeps.
func (c *Client) Unlock(ctx context.Context, passphrase string) error {
	return c.call(ctx, http.MethodPost, "/api/v1/person/unlock", Passphrase{Passphrase: passphrase}, nil)
}

// Lock closes it again.
func (c *Client) Lock(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/api/v1/person/lock", nil, nil)
}

// SetPassphrase changes what keeps the key of everything at rest.
func (c *Client) SetPassphrase(ctx context.Context, old, passphrase string) error {
	return c.call(ctx, http.MethodPut, "/api/v1/person/passphrase", Passphrase{Old: old, New: passphrase}, nil)
}

// LinkDevice asks to become a device of a person on another home.
func (c *Client) LinkDevice(ctx context.Context, name string) (i sharing.Invitation, err error) {
	return i, c.call(ctx, http.MethodPost, "/api/v1/devices", NameChange{name}, &i)
}

// AcceptDevice takes the link that a new device shows.
func (c *Client) AcceptDevice(ctx context.Context, link string) (l sharing.Link, err error) {
	return l, c.call(ctx, http.MethodPost, "/api/v1/devices/accept", LinkGiven{Link: link}, &l)
}

// ConfirmDevice says that both sides show the same code.
func (c *Client) ConfirmDevice(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodPost, "/api/v1/devices/"+url.PathEscape(id)+"/confirm", nil, nil)
}

// ChangeOwnDevice changes one of the person's devices.
func (c *Client) ChangeOwnDevice(ctx context.Context, id string, change OwnDeviceChange) error {
	return c.call(ctx, http.MethodPatch, "/api/v1/devices/"+url.PathEscape(id), change, nil)
}

// RevokeDevice takes a device out, with the words of the phrase where they are
// given.
func (c *Client) RevokeDevice(ctx context.Context, id string, words []string) error {
	var body any
	if len(words) > 0 {
		body = Words{Words: words}
	}
	return c.call(ctx, http.MethodDelete, "/api/v1/devices/"+url.PathEscape(id), body, nil)
}

// InviteFriend makes a link.
func (c *Client) InviteFriend(ctx context.Context, i Invite) (v sharing.Invitation, err error) {
	return v, c.call(ctx, http.MethodPost, "/api/v1/invitations", i, &v)
}

// CancelInvitation makes a link worthless.
func (c *Client) CancelInvitation(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/invitations/"+url.PathEscape(id), nil, nil)
}

// AcceptFriend takes a link that a friend gave.
func (c *Client) AcceptFriend(ctx context.Context, link, name string) (f sharing.Friend, err error) {
	return f, c.call(ctx, http.MethodPost, "/api/v1/friends", LinkGiven{link, name}, &f)
}

// ChangeFriend changes what this person knows of a friend.
func (c *Client) ChangeFriend(ctx context.Context, friend string, change sharing.FriendChange) (f sharing.Friend, err error) {
	return f, c.call(ctx, http.MethodPatch, "/api/v1/friends/"+url.PathEscape(friend), change, &f)
}

// RemoveFriend ends a friendship, and says what that deleted.
func (c *Client) RemoveFriend(ctx context.Context, friend string) (r sharing.Removal, err error) {
	return r, c.call(ctx, http.MethodDelete, "/api/v1/friends/"+url.PathEscape(friend), nil, &r)
}

// SetList names a group of friends.
func (c *Client) SetList(ctx context.Context, name string, friends []string) error {
	return c.call(ctx, http.MethodPut, "/api/v1/lists/"+url.PathEscape(name), sharing.List{Name: name, Friends: friends}, nil)
}

// RemoveList forgets a group.
func (c *Client) RemoveList(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/lists/"+url.PathEscape(name), nil, nil)
}

// escapePath escapes each name of a document's path.
func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// PutDocument stores a document; names say who may see it (audiences.go of the
// command line: friends, list:names, all, nobody), none leaves it as it is.
func (c *Client) PutDocument(ctx context.Context, p sharing.Put, names []string) (d sharing.Document, err error) {
	q := url.Values{"for": names, "label": p.Labels}
	if p.App != "" {
		q.Set("app", p.App)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, c.url("/api/v1/data/"+escapePath(p.Path)+"?"+q.Encode()), p.Body)
	if err != nil {
		return d, err
	}
	r.ContentLength = p.Size
	for name, v := range map[string]string{"Content-Type": p.Type, "If-Match": p.IfMatch, "If-None-Match": p.IfNoneMatch} {
		if v != "" {
			r.Header.Set(name, v)
		}
	}
	c.authorize(r)
	return d, c.do(r, &d)
}

// Documents lists those below prefix, of all labels or one.
func (c *Client) Documents(ctx context.Context, app, prefix, label string) ([]sharing.Document, error) {
	var list DocumentList
	q := url.Values{}
	for name, v := range map[string]string{"app": app, "label": label} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if !isListing(prefix) {
		prefix += "/"
	}
	err := c.call(ctx, http.MethodGet, "/api/v1/data/"+escapePath(prefix)+"?"+q.Encode(), nil, &list)
	return list.Documents, err
}

// Document tells of one.
func (c *Client) Document(ctx context.Context, app, path string) (d sharing.Document, err error) {
	return d, c.call(ctx, http.MethodGet, "/api/v1/data/"+escapePath(path)+"?info&app="+url.QueryEscape(app), nil, &d)
}

// OpenDocument reads one; the body is to be closed.
func (c *Client) OpenDocument(ctx context.Context, app, path string) (*http.Response, error) {
	return c.open(ctx, "/api/v1/data/"+escapePath(path)+"?app="+url.QueryEscape(app), http.Header{})
}

// ChangeDocument changes what is told of a document.
func (c *Client) ChangeDocument(ctx context.Context, app, path string, change sharing.Change) (d sharing.Document, err error) {
	return d, c.call(ctx, http.MethodPatch, "/api/v1/data/"+escapePath(path)+"?app="+url.QueryEscape(app), change, &d)
}

// DeleteDocument deletes one, or with a slash at the end all below it.
func (c *Client) DeleteDocument(ctx context.Context, app, path string) (d sharing.Deleted, err error) {
	return d, c.call(ctx, http.MethodDelete, "/api/v1/data/"+escapePath(path)+"?app="+url.QueryEscape(app), nil, &d)
}

// AskFriend asks a friend for a path and waits. The answer's body is to be
// closed. A status of 202 says that nobody answered in that time; Location names
// the question. Other answers that are not 2xx or 304 are errors.
func (c *Client) AskFriend(ctx context.Context, friend, path string, header http.Header, wait time.Duration) (*http.Response, error) {
	header = header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Prefer", "wait="+strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	return c.open(ctx, "/api/v1/friends/"+url.PathEscape(friend)+"/data/"+escapePath(strings.TrimPrefix(path, "/")), header)
}

// Question looks whether a question was answered.
func (c *Client) Question(ctx context.Context, id string) (*http.Response, error) {
	return c.open(ctx, "/api/v1/questions/"+url.PathEscape(id), http.Header{})
}

// ForgetCopy erases what a friend sent.
func (c *Client) ForgetCopy(ctx context.Context, friend, path string) error {
	return c.call(ctx, http.MethodDelete,
		"/api/v1/friends/"+url.PathEscape(friend)+"/data/"+escapePath(strings.TrimPrefix(path, "/")), nil, nil)
}

// open asks for something whose body is read as it comes.
func (c *Client) open(ctx context.Context, path string, header http.Header) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url(path), nil)
	if err != nil {
		return nil, err
	}
	r.Header = header
	c.authorize(r)
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.lost(ctx, err)
	}
	if resp.StatusCode < http.StatusMultipleChoices || resp.StatusCode == http.StatusNotModified {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, c.lost(ctx, err)
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return nil, friendStatus(resp.StatusCode)
	}
	return nil, fault.Decode(body)
}

// friendStatus tells what a friend's own status means.
func friendStatus(status int) error {
	kind := fault.Unreachable
	switch status {
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "there is no such document, or none that you may see").
			WithHint("'kith friend ls NAME' lists what you may see")
	case http.StatusGone:
		return fault.New(fault.NotFound, "the document was deleted")
	case http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		kind = fault.Conflict
	case http.StatusTooManyRequests:
		kind = fault.RateLimited
	}
	return fault.New(kind, "the friend's device answered %d %s", status, http.StatusText(status))
}
