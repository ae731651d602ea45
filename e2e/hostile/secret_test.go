package hostile

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// secrets are what must not be said, by what they are.
type secrets map[string]string

// heard are the texts in which secrets are looked for, by where they were found.
type heard map[string]string

// forms are the ways in which a secret might be written.
func forms(secret string) map[string]bool {
	all := map[string]bool{secret: true, url.QueryEscape(secret): true, url.PathEscape(secret): true}
	quoted, err := json.Marshal(secret)
	if err == nil {
		all[strings.Trim(string(quoted), `"`)] = true
	}
	meanings := [][]byte{[]byte(secret)}
	for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.RawURLEncoding.DecodeString, base64.StdEncoding.DecodeString} {
		if raw, err := decode(secret); err == nil && len(raw) >= 8 {
			meanings = append(meanings, raw)
		}
	}
	for _, raw := range meanings {
		all[string(raw)] = true
		all[hex.EncodeToString(raw)] = true
		all[strings.ToUpper(hex.EncodeToString(raw))] = true
		all[strings.Trim(fmt.Sprint(raw), "[]")] = true // as %v prints octets
		for _, code := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			for shift := range 3 { // wherever in a longer text it begins
				text := code.EncodeToString(append(make([]byte, shift), raw...))
				all[text[[]int{0, 2, 3}[shift]:len(text)-2]] = true
			}
		}
	}
	return all
}

// leaks are the secrets that are said, with what stands around them.
func leaks(all secrets, texts heard) (found []string) {
	for name, secret := range all {
		for form := range forms(secret) {
			for where, text := range texts {
				if at := strings.Index(text, form); at >= 0 {
					found = append(found, fmt.Sprintf("%s is in %s: %q", name, where, text[max(0, at-200):min(len(text), at+len(form)+80)]))
				}
			}
		}
	}
	return found
}

// TestLeaksAreFound makes sure that the search finds what it looks for.
func TestLeaksAreFound(t *testing.T) {
	const secret = "deadbeef00112233445566778899aabb"
	raw, err := hex.DecodeString(secret)
	must(t, err)
	for _, said := range []string{
		secret, "token=" + secret + ".", strings.ToUpper(secret), string(raw), base64.StdEncoding.EncodeToString(raw),
		base64.URLEncoding.EncodeToString([]byte("to" + secret + "ken")), base64.StdEncoding.EncodeToString([]byte("t" + secret + "oken")),
		fmt.Sprint(raw), hex.EncodeToString([]byte(secret)),
	} {
		if len(leaks(secrets{"it": secret}, heard{"here": "x " + said + " y"})) == 0 {
			t.Errorf("not found in %q", said)
		}
	}
	if found := leaks(secrets{"it": "a b&c"}, heard{"here": "a+b%26c"}); len(found) == 0 {
		t.Error("not found when it is escaped")
	}
	if found := leaks(secrets{"it": secret}, heard{"here": strings.Repeat("all is well ", 99)}); len(found) > 0 {
		t.Error(found)
	}
}
