package turn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // the algorithm of the REST API, known to every TURN server
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
	"time"

	pion "github.com/pion/turn/v5"
)

// maxUserName is the longest user name looked at (RFC 8489 §14.3).
const maxUserName = 508

// Credential lets its holder allocate until it expires.
type Credential struct {
	Username string
	Password string
	Expires  time.Time
}

// Credential makes a new one, good for Options.TTL, that names nobody.
func (s *Server) Credential() Credential {
	expires := time.Now().Add(s.o.TTL).Truncate(time.Second)
	var user [8]byte
	rand.Read(user[:])
	name := strconv.FormatInt(expires.Unix(), 10) + ":" + hex.EncodeToString(user[:])
	return Credential{Username: name, Password: password(s.o.Secret, name), Expires: expires}
}

// password is base64(HMAC-SHA1(secret, name)).
func password(secret []byte, name string) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write([]byte(name))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// expiry reads the moment that a user name is good until: "<seconds>:<anything>".
func expiry(name string) (time.Time, bool) {
	if len(name) > maxUserName {
		return time.Time{}, false
	}
	digits, _, ok := strings.Cut(name, ":")
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 || strconv.FormatInt(n, 10) != digits {
		return time.Time{}, false
	}
	return time.Unix(n, 0), true
}

// authenticate returns the key of a user whose time has not run out, and what
// the allocation is known by: the client's address before the name, for holder.
// It is asked again whenever an allocation is refreshed.
func (s *Server) authenticate(ra *pion.RequestAttributes) (user string, key []byte, ok bool) {
	until, ok := expiry(ra.Username)
	if !ok || time.Now().After(until) {
		s.refused.Add(1)
		return "", nil, false
	}
	user = addrOf(ra.SrcAddr).Addr().String() + " " + ra.Username
	return user, pion.GenerateAuthKey(ra.Username, ra.Realm, password(s.o.Secret, ra.Username)), true
}

// holder returns the address of the client that authenticate found; none for
// an allocation that pion makes to find a free port.
func holder(user string) netip.Addr {
	addr, _, _ := strings.Cut(user, " ")
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return netip.Addr{}
	}
	return a
}
