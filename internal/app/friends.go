package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// friends serves /.kith/friends/ and what is below it.
func (c *call) friends(below string) error {
	if below == "" {
		return c.only(map[string]func() error{"GET": c.listFriends, "POST": c.chooseFriends})
	}
	handle, escaped, _ := strings.Cut(below, "/")
	path, err := parsePath(escaped)
	if err != nil {
		return err
	}
	return c.only(map[string]func() error{
		"GET":    func() error { return c.askFriend(handle, path) },
		"DELETE": func() error { return c.forgetCopies(handle, path) },
	})
}

type friendList struct {
	Items []shownFriend `json:"items"`
}

func (c *call) listFriends() error {
	s, err := c.see(c.r.Context())
	if err != nil {
		return c.about("friends/", err)
	}
	answer(c.w, c.r, http.StatusOK, friendList{s.list()})
	return nil
}

// chooseFriends asks the person which friends the app sees.
func (c *call) chooseFriends() error {
	err := c.h.desk.ask(c.r.Context(), c.question(AskFriends), c.wait(c.h.o.DecideIn), func(ctx context.Context, a Answer) error {
		ids, err := c.h.friendIDs(ctx, a.Friends)
		if err != nil {
			return err
		}
		_, err = c.h.grants.change(c.from.Label, nil, func(g *Grant) error {
			g.Friends = ids
			g.Granted, g.Asked = union(g.Granted, []string{GrantFriends}), union(g.Asked, []string{GrantFriends})
			return nil
		})
		if err == nil {
			c.h.granted(c.from.Label)
		}
		return err
	})
	if err != nil {
		return err
	}
	if c.grant = c.h.grants.of(c.from.Label); c.grant == nil {
		return notConnected(c.from)
	}
	return c.listFriends()
}

// wait is how long the app wants somebody to be waited for.
func (c *call) wait(usual time.Duration) time.Duration {
	return preferredWait(c.r.Header.Values("Prefer"), usual, c.h.o.MaxWait)
}

// friendPlace is a document of a friend, or a folder, and how the app calls it.
type friendPlace struct {
	friend string // ID
	handle string // "" for one that the app does not see, but that is mounted
	app    string
	path   string
	// shown is what the app asked for: below the handle, or below /.kith/data/.
	shown string
}

func (c *call) askFriend(handle, path string) error {
	s, err := c.see(c.r.Context())
	if err != nil {
		return c.about(path, err)
	}
	f, ok := s.find(handle)
	if !ok {
		return missing(path)
	}
	at := friendPlace{friend: f.ID, handle: handle, app: c.grant.App, path: path, shown: path}
	if !isFolder(path) {
		return c.friendDocument(at)
	}
	p, err := c.readPage(path)
	if err != nil {
		return err
	}
	return c.friendFolder(at, p)
}

// askMounted asks a friend for a document of a mount.
func (c *call) askMounted(path string, at place) error {
	return c.friendDocument(friendPlace{friend: at.friend, app: at.app, path: at.path, shown: path})
}

func (c *call) listMounted(p page, at place) error {
	return c.friendFolder(friendPlace{friend: at.friend, app: at.app, path: at.path, shown: p.folder}, p)
}

func (c *call) friendDocument(at friendPlace) error {
	a, err := c.fetch(at, "")
	if err != nil || a == nil {
		return err
	}
	defer func() { _ = a.Body.Close() }()
	return c.serveBody(content{path: at.shown, etag: a.ETag, mediaType: a.Type, size: a.Size, modified: a.Modified, body: a.Body})
}

// fetch asks for something of a friend. It answers the app itself, and returns
// nil, where nobody has answered yet.
func (c *call) fetch(at friendPlace, query string) (*sharing.Answer, error) {
	ctx, control := c.r.Context(), c.r.Header.Values("Cache-Control")
	path := friendPath(at.path) + query
	if hasDirective(control, "only-if-cached") {
		a, err := c.h.o.Sharing.Copy(ctx, at.friend, at.app, path)
		if fault.KindOf(err) == fault.NotFound {
			return nil, told(http.StatusGatewayTimeout, "unreachable", fault.New(fault.Unreachable, "there is no copy of %.200q here", at.shown).WithHint("ask the friend"))
		}
		if err != nil {
			return nil, c.aboutFriend(at, err)
		}
		c.friendHeaders(a)
		return a, nil
	}
	a, err := c.h.o.Sharing.Ask(ctx, sharing.Ask{
		Friend: at.friend, App: at.app, Path: path, Wait: c.wait(c.h.o.FriendWait), Fresh: hasDirective(control, "no-cache"),
	})
	if err != nil {
		c.h.settle(c.from.Label, at, stateOf(err))
		return nil, c.aboutFriend(at, err)
	}
	if a.Pending != "" {
		return nil, c.pending(at, a.Pending)
	}
	if a.Open == "" {
		c.h.settle(c.from.Label, at, sharing.AskArrived)
	}
	c.friendHeaders(a)
	return a, nil
}

// friendHeaders say how old an answer is.
func (c *call) friendHeaders(a *sharing.Answer) {
	now := c.h.o.Now()
	h := c.w.Header()
	h.Set("Age", strconv.FormatInt(max(0, int64(now.Sub(a.Fetched)/time.Second)), 10))
	h.Set("Cache-Control", "private, no-store, max-age="+strconv.FormatInt(max(0, int64(a.Fresh.Sub(a.Fetched)/time.Second)), 10))
	if a.Stale || a.Open != "" { // the friend was asked for something newer, and has not answered
		h.Set("Kith-Copy", "stale")
	}
}

// stateOf is what an error says of a question.
func stateOf(err error) sharing.AskState {
	switch {
	case errors.Is(err, sharing.ErrGone):
		return sharing.AskGone
	case fault.KindOf(err) == fault.NotFound:
		return sharing.AskMissing
	}
	return sharing.AskWaits
}

// aboutFriend gives an error about a friend's document the status it has for apps.
func (c *call) aboutFriend(at friendPlace, err error) error {
	switch {
	case errors.Is(err, sharing.ErrGone):
		return told(http.StatusGone, "gone", fault.New(fault.NotFound, "there is no %.200q for you any more", at.shown).WithHint("forget it"))
	case fault.KindOf(err) == fault.NotFound:
		return missing(at.shown)
	case fault.KindOf(err) == fault.RateLimited:
		return fault.New(fault.RateLimited, "that friend was asked too often").WithHint("ask again in a while")
	case fault.KindOf(err) == fault.NotRunning:
		return c.about(at.shown, err)
	}
	c.h.o.Log.Debug("a friend was not reached for an app", "error", err)
	return told(http.StatusGatewayTimeout, "unreachable", fault.New(fault.Unreachable, "%.200q is not to be had now", at.shown).WithHint("ask again later"))
}

// friendPath is a path as it stands in a question (private-sharing.md §5.3), with
// the characters escaped that would end it.
func friendPath(path string) string { return strings.NewReplacer("%", "%25", "?", "%3F").Replace(path) }

// appFolder is where the documents of apps are among those of a friend.
const appFolder = ".app/"

func publicPath(app, path string) string {
	if app == "" {
		return path
	}
	return appFolder + app + "/" + path
}

// maxFriendListing is how much of a friend's listing is read.
const maxFriendListing = 32 << 20

// friendListing is the JSON that friends answer with.
type friendListing struct {
	Items []struct {
		Path     string   `json:"path"`
		Type     string   `json:"type"`
		Size     int64    `json:"size"`
		ETag     string   `json:"etag"`
		Modified int64    `json:"modified"` // ms since 1970
		Labels   []string `json:"labels"`
	} `json:"items"`
	Next string `json:"next"`
}

// friendFolder lists what a friend lets this person see below a folder.
func (c *call) friendFolder(at friendPlace, p page) error {
	base := publicPath(at.app, at.path)
	query := ""
	if p.after != "" {
		query = "?after=" + url.QueryEscape(strings.TrimSuffix(translate(p.after, at.shown, base), behind))
	}
	a, err := c.fetch(at, query)
	if err != nil || a == nil {
		return err
	}
	defer func() { _ = a.Body.Close() }()
	var l friendListing
	if err := json.NewDecoder(io.LimitReader(a.Body, maxFriendListing)).Decode(&l); err != nil {
		return c.aboutFriend(at, fault.New(fault.Corrupt, "a friend's listing cannot be read: %w", err))
	}
	answer := cutter{page: p, listing: listing{Items: []shownItem{}}}
	more := l.Next != ""
	for _, i := range l.Items {
		rest, ok := strings.CutPrefix(i.Path, base)
		if path := at.shown + rest; !ok || path <= p.after {
			continue
		} else if !answer.take(shownItem{Path: path, Type: orOctets(i.Type), Size: i.Size, ETag: i.ETag, Modified: time.UnixMilli(i.Modified).UTC(), Labels: orNone(i.Labels)}) {
			more = false
			break
		}
	}
	if rest, ok := strings.CutPrefix(l.Next, base); more && ok {
		answer.listing.Next = at.shown + rest
	}
	return c.answerListing(answer.listing)
}

func orNone(labels []string) []string {
	if labels == nil {
		return []string{}
	}
	return labels
}

// answerListing answers without the Cache-Control of what this device keeps itself.
func (c *call) answerListing(l listing) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	send(c.w, c.r, http.StatusOK, "application/json", data)
	return nil
}

// forgetCopies erases what is here of a friend's documents of the app.
func (c *call) forgetCopies(handle, path string) error {
	s, err := c.see(c.r.Context())
	if err != nil {
		return c.about(path, err)
	}
	f, ok := s.find(handle)
	if !ok {
		return missing(path)
	}
	if err := c.h.o.Sharing.Forget(c.r.Context(), f.ID, "/"+publicPath(c.grant.App, friendPath(path))); err != nil {
		return c.aboutFriend(friendPlace{shown: path}, err)
	}
	c.empty(http.StatusNoContent)
	return nil
}
