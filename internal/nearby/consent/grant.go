package consent

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// keyPrefix stands before the keys of grants in the store.
const keyPrefix = "grant/"

// usedEvery is how often the store is told that a grant was used.
const usedEvery = time.Hour

// record is a grant as it is stored.
type record struct {
	Grant
	Secret string `json:"secret,omitempty"`
}

// secretKey is where what pseudonyms are made with is stored.
const secretKey = "secret"

func (d *Desk) load() error {
	err := d.o.Store.Each(secretKey, func(key string, value []byte) error {
		if key == secretKey {
			d.secret = value
		}
		return nil
	})
	if err == nil && len(d.secret) == 0 {
		d.secret = make([]byte, 32)
		_, _ = rand.Read(d.secret) // never fails (Go 1.24)
		err = d.o.Store.Put(secretKey, d.secret)
	}
	if err != nil {
		return err
	}
	return d.o.Store.Each(keyPrefix, func(key string, value []byte) error {
		var r record
		if err := json.Unmarshal(value, &r); err != nil {
			// A permission that cannot be read is one that was not given.
			d.o.Log.Warn("a permission cannot be read", "key", key, "error", err)
			return nil
		}
		r.Grant.Secret = r.Secret
		d.grants[r.ID] = r.Grant
		return nil
	})
}

// remember makes a grant of an answer. d.mu is held.
func (d *Desk) remember(a Ask, device Device) error {
	g := Grant{Kind: a.Kind, App: a.App, Given: d.o.Now()}
	if device.ID != "" {
		g.Device = &device
	}
	g.ID = grantID(a.Kind, a.App, device.ID)
	return d.keep(g)
}

func (d *Desk) keep(g Grant) error {
	value, err := json.Marshal(record{Grant: g, Secret: g.Secret})
	if err == nil {
		err = d.o.Store.Put(keyPrefix+g.ID, value)
	}
	if err != nil {
		return fmt.Errorf("remember the permission: %w", err)
	}
	d.grants[g.ID] = g
	return nil
}

// use looks for a grant that answers q, and notes that it did.
func (d *Desk) use(q Question) (Grant, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g, ok := d.grants[grantID(q.Kind, q.App, q.Device.ID)]
	if ok {
		d.touch(g)
	}
	return g, ok
}

// touch notes that g was used. d.mu is held.
func (d *Desk) touch(g Grant) {
	now := d.o.Now()
	if now.Sub(g.Used) < usedEvery {
		return
	}
	g.Used = now
	if err := d.keep(g); err != nil {
		d.o.Log.Warn("the use of a permission was not noted", "error", err)
	}
}

// Reachable are the devices that app may reach without asking, by name.
func (d *Desk) Reachable(app string) []Device {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Device
	for _, g := range d.grants {
		if g.Kind == Reach && g.App == app && g.Device != nil {
			out = append(out, *g.Device)
		}
	}
	slices.SortFunc(out, func(a, b Device) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out
}

// Grants are all that is remembered, by app.
func (d *Desk) Grants() []Grant {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Grant, 0, len(d.grants))
	for _, g := range d.grants {
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Kind, b.Kind), a.Given.Compare(b.Given), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Revoke takes back the grant called id.
func (d *Desk) Revoke(id string) error {
	g, err := d.forget(id)
	if err != nil {
		return err
	}
	for _, f := range d.revoked {
		f(g)
	}
	return nil
}

func (d *Desk) forget(id string) (Grant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g, ok := d.grants[id]
	if !ok {
		return g, fault.New(fault.NotFound, "there is no such permission").WithHint("it may have been taken back already")
	}
	if err := d.o.Store.Delete(keyPrefix + id); err != nil {
		return g, fmt.Errorf("take back the permission: %w", err)
	}
	delete(d.grants, id)
	return g, nil
}

// RevokeDevice takes back all that concerns a device, which was removed.
func (d *Desk) RevokeDevice(device string) error {
	for _, g := range d.Grants() {
		if g.Device == nil || g.Device.ID != device {
			continue
		}
		if err := d.Revoke(g.ID); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	return nil
}

// Connect gives an origin of the web a capability: with it, pages of this origin
// in this browser may talk to this node.
func (d *Desk) Connect(origin string) (capability string, err error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails (Go 1.24)
	capability = base64.RawURLEncoding.EncodeToString(secret)
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, g := range d.grants {
		if g.Kind == Connect && g.App == origin {
			n++
		}
	}
	if n >= d.o.MaxConnects || len(d.grants) >= d.o.MaxGrants {
		return "", fault.New(fault.TooLarge, "%q is connected %d times already", origin, n).
			WithHint("take an older connection back")
	}
	hash := hashOf(capability)
	g := Grant{ID: grantID(Connect, origin, hash), Kind: Connect, App: origin, Given: d.o.Now(), Secret: hash}
	return capability, d.keep(g)
}

// Connected reports whether capability is one of origin's, and its grant.
func (d *Desk) Connected(origin, capability string) (Grant, bool) {
	hash := hashOf(capability)
	d.mu.Lock()
	defer d.mu.Unlock()
	g, ok := d.grants[grantID(Connect, origin, hash)]
	ok = ok && g.Kind == Connect && g.App == origin && subtle.ConstantTimeCompare([]byte(g.Secret), []byte(hash)) == 1
	if ok {
		d.touch(g)
	}
	return g, ok
}

func hashOf(capability string) string {
	sum := sha256.Sum256([]byte("kith capability\x00" + capability))
	return hex.EncodeToString(sum[:])
}

// Pseudonym names a device to one app: no other app gets the same name for it,
// and none learns what it is called on the network.
func (d *Desk) Pseudonym(app, device string) string {
	mac := hmac.New(sha256.New, d.secret)
	mac.Write([]byte("kith pseudonym\x00" + app + "\x00" + device))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:15])
}
