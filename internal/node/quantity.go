package node

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes that configuration spells with a unit: "10GiB",
// "500MB", "0".
type Size int64

// units are those MarshalText prefers, largest first, then those that are
// understood too.
func units() []struct {
	name  string
	bytes float64
} {
	return []struct {
		name  string
		bytes float64
	}{
		{"TiB", 1 << 40},
		{"GiB", 1 << 30},
		{"MiB", 1 << 20},
		{"KiB", 1 << 10},
		{"TB", 1e12},
		{"GB", 1e9},
		{"MB", 1e6},
		{"kB", 1e3},
		{"B", 1},
	}
}

// UnmarshalText reads a number with one of the units B, kB, MB, GB, TB, KiB,
// MiB, GiB and TiB, in any case, or without.
func (s *Size) UnmarshalText(text []byte) error {
	in := strings.TrimSpace(string(text))
	number, factor := in, 1.0
	for _, u := range units() {
		if n := len(in) - len(u.name); n > 0 && strings.EqualFold(in[n:], u.name) {
			number, factor = strings.TrimSpace(in[:n]), u.bytes
			break
		}
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(value) || value < 0 || value*factor >= math.MaxInt64 {
		return fmt.Errorf("%q is not a size; write it like 10GiB, 500MB or 0", in)
	}
	*s = Size(value * factor)
	return nil
}

// MarshalText writes the size with the largest unit that divides it.
func (s Size) MarshalText() ([]byte, error) {
	for _, u := range units() {
		if s != 0 && u.bytes > 1 && int64(s)%int64(u.bytes) == 0 {
			return fmt.Appendf(nil, "%d%s", int64(s)/int64(u.bytes), u.name), nil
		}
	}
	return strconv.AppendInt(nil, int64(s), 10), nil
}

// Duration is a length of time that configuration spells like "30m" or "1h30m".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration does, negative lengths excepted.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a length of time; write it like 30m, 90s or 24h", text)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes "30m" rather than "30m0s".
func (d Duration) MarshalText() ([]byte, error) {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return []byte(s), nil
}

// List is a list of words. Configuration may spell a list of one as the word.
type List []string

// UnmarshalTOML reads an array of strings, or one string; "" is the empty list.
func (l *List) UnmarshalTOML(v any) error {
	switch v := v.(type) {
	case string:
		*l = List{}
		if v != "" {
			*l = List{v}
		}
		return nil
	case []any:
		*l = make(List, 0, len(v))
		for _, item := range v {
			word, ok := item.(string)
			if !ok {
				return fmt.Errorf("%v is not a string", item)
			}
			*l = append(*l, word)
		}
		return nil
	}
	return fmt.Errorf("%v is not a list of strings", v)
}

// DHTMode says how a distributed hash table is used. Configuration may spell
// DHTAuto as true and DHTOff as false.
type DHTMode string

// The modes.
const (
	DHTAuto   DHTMode = "auto"
	DHTServer DHTMode = "server"
	DHTOff    DHTMode = "off"
)

// UnmarshalTOML reads one of the words, or a boolean.
func (m *DHTMode) UnmarshalTOML(v any) error {
	switch v {
	case true, "auto", "on", "client":
		*m = DHTAuto
	case "server":
		*m = DHTServer
	case false, "off":
		*m = DHTOff
	default:
		return fmt.Errorf("%v is not auto, server or off", v)
	}
	return nil
}
