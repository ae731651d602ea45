package gateway

import (
	"io"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/kith-web/kith/internal/fault"
)

// rulesName is the file of rules at a site's root (IPFS web redirects file
// specification).
const rulesName = "_redirects"

// ruleFile is a parsed _redirects file. Its zero value has no rules.
type ruleFile struct{ rules []rule }

// rule is one line: from, to, status.
type rule struct {
	from   []string // segments; ":name" takes one, a last "*" the rest
	to     string
	status int
}

// parseRules reads a _redirects file. One bad line makes the whole file bad, as
// the specification asks, so that an author notices.
func parseRules(text string) (*ruleFile, error) {
	out := new(ruleFile)
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		r, err := parseRule(line)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s of this site, line %d: %w", rulesName, n+1, err).
				WithHint("the site's author has to correct the file")
		}
		out.rules = append(out.rules, r)
	}
	return out, nil
}

func parseRule(line string) (rule, error) {
	fields := strings.Fields(line)
	if len(fields) < 2 || len(fields) > 3 {
		return rule{}, fault.New(fault.Invalid, "%.100q is not of the form 'from to [status]'", line)
	}
	out := rule{to: fields[1], status: 301}
	var err error
	if len(fields) == 3 {
		if out.status, err = parseStatus(fields[2]); err != nil {
			return rule{}, err
		}
	}
	if out.from, err = parseFrom(fields[0]); err != nil {
		return rule{}, err
	}
	return out, checkTo(out.to, out.status)
}

func parseStatus(s string) (int, error) {
	if strings.HasSuffix(s, "!") {
		return 0, fault.New(fault.Invalid, "status %.20q: forced rules are not supported", s)
	}
	code, err := strconv.Atoi(s)
	if err != nil || !slices.Contains([]int{200, 301, 302, 303, 307, 308, 404, 410, 451}, code) {
		return 0, fault.New(fault.Invalid, "status %.20q is not supported", s)
	}
	return code, nil
}

// parseFrom splits a pattern into its segments, unescaped.
func parseFrom(s string) ([]string, error) {
	switch {
	case !strings.HasPrefix(s, "/"):
		return nil, fault.New(fault.Invalid, "the pattern %.100q does not begin with a slash", s)
	case strings.ContainsAny(s, "?#"):
		return nil, fault.New(fault.Invalid, "the pattern %.100q has a query, which no rule can match", s)
	}
	if i := strings.IndexByte(s, '*'); i >= 0 && i != len(s)-1 {
		return nil, fault.New(fault.Invalid, "the pattern %.100q has an asterisk before its end", s)
	}
	segments := strings.Split(strings.Trim(s, "/"), "/")
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return nil, fault.New(fault.Invalid, "the pattern %.100q is not a path", s)
		}
		segments[i] = plain
	}
	return segments, nil
}

// checkTo accepts a path of the site for every status, and a URL where the
// browser is sent there.
func checkTo(to string, status int) error {
	if strings.HasPrefix(to, "/") {
		if _, err := url.Parse(to); err != nil {
			return fault.New(fault.Invalid, "the target %.100q is not a path", to)
		}
		return nil
	}
	u, err := url.Parse(to)
	if err != nil || !slices.Contains([]string{"http", "https", "ipfs", "ipns"}, u.Scheme) || u.Host == "" {
		return fault.New(fault.Invalid, "the target %.100q is neither a path nor a URL of the web", to)
	}
	if status < 300 || status > 399 {
		return fault.New(fault.Invalid, "the target %.100q is not on this site, which status %d asks for", to, status)
	}
	return nil
}

// match fits a path's segments to the rule. The values are those of its
// placeholders, "splat" among them.
func (r *rule) match(segments []string) (values map[string]string, ok bool) {
	values = map[string]string{}
	for i, want := range r.from {
		last := i == len(r.from)-1
		prefix, splat := strings.CutSuffix(want, "*")
		switch {
		case last && splat:
			return values, matchSplat(prefix, segments[min(i, len(segments)):], values)
		case i >= len(segments):
			return nil, false
		case len(want) > 1 && want[0] == ':':
			if segments[i] == "" {
				return nil, false
			}
			values[want[1:]] = segments[i]
		case want != segments[i]:
			return nil, false
		}
	}
	return values, len(segments) == len(r.from)
}

// matchSplat takes what is left of a path after prefix.
func matchSplat(prefix string, rest []string, values map[string]string) bool {
	after, ok := strings.CutPrefix(strings.Join(rest, "/"), prefix)
	values["splat"] = after
	return ok
}

// expand writes the values into the target, each through escape. In a query
// they are escaped as such.
func (r *rule) expand(values map[string]string, escape func(string) string) string {
	var out strings.Builder
	rest := r.to
	for {
		i := strings.IndexByte(rest, ':')
		if i < 0 {
			out.WriteString(rest)
			return out.String()
		}
		out.WriteString(rest[:i])
		name, ok := longestName(rest[i+1:], values)
		switch {
		case !ok:
			out.WriteByte(':')
		case strings.Contains(out.String(), "?"):
			out.WriteString(url.QueryEscape(values[name]))
		default:
			out.WriteString(escape(values[name]))
		}
		rest = rest[i+1+len(name):]
	}
}

// longestName is the longest placeholder that s begins with.
func longestName(s string, values map[string]string) (name string, ok bool) {
	for v := range values {
		if strings.HasPrefix(s, v) && (!ok || len(v) > len(name)) {
			name, ok = v, true
		}
	}
	return name, ok
}

// escapeSegments escapes a value for a URL's path and keeps its slashes.
func escapeSegments(s string) string {
	parts := strings.Split(s, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// segmentsOf splits a name as in io/fs.
func segmentsOf(name string) []string {
	if name == "." {
		return []string{""}
	}
	return strings.Split(name, "/")
}

// maxRuleFiles is how many parsed files are remembered.
const maxRuleFiles = 64

// rulesCache remembers the rules of sites by the address of their content.
type rulesCache struct {
	mu    sync.Mutex
	known map[string]*ruleFile
}

// of returns the rules of the site with the content at key.
func (c *rulesCache) of(key string, fsys fs.FS, limit int) (*ruleFile, error) {
	c.mu.Lock()
	out := c.known[key]
	c.mu.Unlock()
	if out != nil {
		return out, nil
	}
	out, err := loadRules(fsys, limit)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxRuleFiles {
		clear(c.known)
	}
	c.known[key] = out
	return out, nil
}

// loadRules reads a site's rules; a site without the file has none.
func loadRules(fsys fs.FS, limit int) (*ruleFile, error) {
	f, err := fsys.Open(path.Join(".", rulesName))
	if isMissing(err) {
		return new(ruleFile), nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return new(ruleFile), err
	}
	text, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(text) > limit {
		return nil, fault.New(fault.TooLarge, "%s of this site is larger than %d bytes", rulesName, limit).
			WithHint("the site's author has to shorten the file")
	}
	return parseRules(string(text))
}
