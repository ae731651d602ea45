package front

import (
	"bufio"
	"io"
	"strings"
)

// robots are the rules of a site for programs that look through it (RFC 9309).
type robots struct {
	rules    []rule
	sitemaps []string
}

type rule struct {
	allow   bool
	pattern string
}

// maxRules bounds what is kept of robots.txt.
const maxRules = 1000

// readRobots reads the rules for agent: those of its own group, else those for all.
func readRobots(r io.Reader, agent string) robots {
	var own, all robots
	var named, forOwn, forAll, inRules bool
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<10)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		key, value, ok := strings.Cut(line, ":")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		switch {
		case !ok:
		case key == "sitemap" && len(all.sitemaps) < 16:
			all.sitemaps = append(all.sitemaps, value)
		case key == "user-agent":
			if inRules {
				forOwn, forAll, inRules = false, false, false
			}
			forOwn = forOwn || strings.EqualFold(value, agent)
			forAll = forAll || value == "*"
			named = named || forOwn
		case key == "allow" || key == "disallow":
			inRules = true
			x := rule{allow: key == "allow", pattern: value}
			if forOwn && value != "" && len(own.rules) < maxRules {
				own.rules = append(own.rules, x)
			}
			if forAll && value != "" && len(all.rules) < maxRules {
				all.rules = append(all.rules, x)
			}
		}
	}
	if named {
		return robots{own.rules, all.sitemaps}
	}
	return all
}

// allow reports whether a path may be looked at: the longest pattern decides, and
// of two as long the one that allows (RFC 9309 §2.2.2).
func (r robots) allow(path string) bool {
	allowed, longest := true, -1
	for _, x := range r.rules {
		n := len(x.pattern)
		if (n > longest || n == longest && x.allow) && matches(x.pattern, path) {
			allowed, longest = x.allow, n
		}
	}
	return allowed
}

// matches tries a pattern, in which * is anything and $ at the end is the end.
func matches(pattern, path string) bool {
	pattern, end := strings.CutSuffix(pattern, "$")
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(path, parts[0])
	if !ok {
		return false
	}
	for i, part := range parts[1:] {
		if end && i == len(parts)-2 {
			return strings.HasSuffix(rest, part)
		}
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return !end || rest == ""
}
