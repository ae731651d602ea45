package api

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// Limits of what asks to be connected, and of what is.
const (
	maxAsking      = 8
	maxConnected   = 32
	maxNameLength  = 80
	askingTime     = 10 * time.Minute
	extensionToken = "kx_" // begins the token of an extension
)

// Records is where the API keeps what it remembers; a store.Bucket is one.
type Records interface {
	Each(prefix string, f func(key string, value []byte) error) error
	Apply(puts map[string][]byte, deletes []string) error
}

// Extension is a browser extension that the owner connected (docs/decisions,
// 0018).
type Extension struct {
	ID string `json:"id"`
	// Origin is the extension's, as its browser says; Name what it calls its
	// browser.
	Origin  string    `json:"origin"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
}

// AskingExtension is an extension that waits for the owner's consent.
type AskingExtension struct {
	ID     string `json:"id"`
	Origin string `json:"origin"`
	Name   string `json:"name"`
	// Code is what the extension shows too.
	Code string `json:"code"`
}

// ExtensionList is the answer that lists both.
type ExtensionList struct {
	Asking    []AskingExtension `json:"asking"`
	Connected []Extension       `json:"connected"`
}

// asking is one that waits. It is known by the hash of a secret of its own, which
// it shows to get its token.
type asking struct {
	AskingExtension
	until time.Time
	token string // once the owner consents, until it is fetched
}

// extensions are those that are connected, and those that want to be.
type extensions struct {
	records Records
	mu      sync.Mutex
	asking  []*asking
	granted map[string]Extension // by the hash of their token
}

func newExtensions(records Records) (*extensions, error) {
	x := &extensions{records: records, granted: map[string]Extension{}}
	if records == nil {
		return x, nil
	}
	err := records.Each("", func(key string, value []byte) error {
		var e Extension
		err := json.Unmarshal(value, &e)
		x.granted[key] = e
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the connected extensions: %w", err)
	}
	return x, nil
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// isExtension reports whether an Origin is a browser extension's, which no web
// page can send.
func isExtension(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || len(origin) > 200 || u.Path != "" {
		return false
	}
	return slices.Contains([]string{"chrome-extension", "moz-extension", "safari-web-extension"}, u.Scheme)
}

// ask enters a wish to be connected, and returns the code that both sides show.
func (x *extensions) ask(origin, name, challenge string, now time.Time) (string, error) {
	if raw, err := hex.DecodeString(challenge); err != nil || len(raw) != sha256.Size {
		return "", fault.New(fault.Invalid, "the challenge must be a SHA-256 in hexadecimal digits")
	}
	if name == "" || len(name) > maxNameLength {
		return "", fault.New(fault.Invalid, "the name must have 1 to %d characters", maxNameLength)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asking = slices.DeleteFunc(x.asking, func(a *asking) bool {
		return now.After(a.until) || a.Origin == origin
	})
	if len(x.asking) >= maxAsking || x.records == nil {
		return "", fault.New(fault.RateLimited, "too many extensions ask to be connected").WithHint("answer them in the console")
	}
	// Of the challenge, so that the extension shows what it asked with.
	n, _ := strconv.ParseUint(challenge[:12], 16, 64)
	a := &asking{until: now.Add(askingTime)}
	a.AskingExtension = AskingExtension{ID: challenge, Origin: origin, Name: name, Code: fmt.Sprintf("%04d", n%10_000)}
	x.asking = append(x.asking, a)
	return a.Code, nil
}

// answer is the owner's to a wish.
func (x *extensions) answer(id string, allow bool, now time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	i := slices.IndexFunc(x.asking, func(a *asking) bool { return a.ID == id && a.token == "" && now.Before(a.until) })
	if i < 0 {
		return fault.New(fault.NotFound, "this extension does not ask any more").WithHint("connect it again from its popup")
	}
	if !allow {
		x.asking = slices.Delete(x.asking, i, i+1)
		return nil
	}
	if len(x.granted) >= maxConnected {
		return fault.New(fault.Conflict, "%d extensions are connected already", maxConnected).WithHint("disconnect one first")
	}
	a := x.asking[i]
	secret := make([]byte, 32)
	rand.Read(secret)
	token := extensionToken + base64.RawURLEncoding.EncodeToString(secret)
	e := Extension{ID: digest(token)[:16], Origin: a.Origin, Name: a.Name, Created: now.UTC().Truncate(time.Second)}
	value, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := x.records.Apply(map[string][]byte{digest(token): value}, nil); err != nil {
		return err
	}
	x.granted[digest(token)], a.token = e, token
	return nil
}

// claim hands the token to the extension that can show the secret behind its
// challenge, once; "" while the owner has not answered.
func (x *extensions) claim(origin, secret string, now time.Time) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	i := slices.IndexFunc(x.asking, func(a *asking) bool {
		return a.ID == digest(secret) && a.Origin == origin && now.Before(a.until)
	})
	if i < 0 {
		return "", fault.New(fault.Forbidden, "the wish to connect was refused, or is too old")
	}
	token := x.asking[i].token
	if token != "" {
		x.asking = slices.Delete(x.asking, i, i+1)
	}
	return token, nil
}

// holder returns the extension whose token this is.
func (x *extensions) holder(token string) (Extension, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, ok := x.granted[digest(token)]
	return e, ok
}

// revoke disconnects an extension.
func (x *extensions) revoke(id string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for key, e := range x.granted {
		if e.ID == id {
			delete(x.granted, key)
			return x.records.Apply(nil, []string{key})
		}
	}
	return fault.New(fault.NotFound, "no extension %.40q is connected", id)
}

func (x *extensions) list(now time.Time) ExtensionList {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := ExtensionList{Asking: []AskingExtension{}, Connected: []Extension{}}
	for _, a := range x.asking {
		if a.token == "" && now.Before(a.until) {
			out.Asking = append(out.Asking, a.AskingExtension)
		}
	}
	for _, e := range x.granted {
		out.Connected = append(out.Connected, e)
	}
	slices.SortFunc(out.Connected, func(a, b Extension) int {
		return strings.Compare(a.Created.Format(time.RFC3339)+a.ID, b.Created.Format(time.RFC3339)+b.ID)
	})
	return out
}

// bounded is the address an extension may have opened: no file of this computer,
// and nothing the node would fetch from elsewhere for it.
func bounded(text string) (address.Address, error) {
	a, err := address.Parse(text)
	if err == nil && a.Kind() == address.Index {
		err = fault.New(fault.Forbidden, "an extension cannot open a .torrent file by its place").
			WithHint("open it in the console")
	}
	return a, err
}
