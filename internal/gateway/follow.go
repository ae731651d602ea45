package gateway

import (
	"net/url"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// maxHops is how many redirects of a site may follow one another.
const maxHops = 10

// follow answers a path that is not there by the first rule that matches it;
// nil when none does.
func (t tree) follow(rules *ruleFile, req request, u *url.URL) (*found, error) {
	r, values := rules.first(req.name)
	if r == nil {
		return nil, nil
	}
	if r.status < 300 || r.status > 399 {
		return t.rewrite(r, values)
	}
	location := relative(r.expand(values, escapeSegments))
	if err := t.checkLoop(rules, req.name, location); err != nil {
		return nil, err
	}
	return &found{status: r.status, location: withQuery(location, u.RawQuery)}, nil
}

// first is the first rule that matches name.
func (f *ruleFile) first(name string) (*rule, map[string]string) {
	if len(f.rules) == 0 {
		return nil, nil
	}
	segments := segmentsOf(name)
	for i := range f.rules {
		if values, ok := f.rules[i].match(segments); ok {
			return &f.rules[i], values
		}
	}
	return nil, nil
}

// relative keeps a path on this origin: "//host" would be another.
func relative(location string) string {
	if strings.HasPrefix(location, "/") {
		return "/" + strings.TrimLeft(location, `/\`)
	}
	return location
}

// rewrite serves another file of the site under the path asked for. Its own
// path is not looked up in the rules again, so rewrites cannot run in circles.
func (t tree) rewrite(r *rule, values map[string]string) (*found, error) {
	to, err := url.Parse(relative(r.expand(values, escapeSegments)))
	if err != nil {
		return nil, fault.New(fault.NotFound, "the rule of this site leads nowhere: %w", err)
	}
	req, err := readPath(to)
	if err != nil {
		return nil, err
	}
	out, err := t.open(req.name)
	if err == nil && out.file == nil {
		out, err = t.index(out)
	}
	switch {
	case isMissing(err) && r.status != 200:
		return &found{status: r.status}, nil
	case isMissing(err):
		return nil, fault.New(fault.NotFound, "there is no %.200q on this site, where its rule leads", to.Path)
	case err != nil:
		return nil, err
	}
	out.status = r.status
	return out, nil
}

// checkLoop follows a redirect within the site until it leaves the rules, and
// fails when that takes too long or comes round again.
func (t tree) checkLoop(rules *ruleFile, from, location string) error {
	seen := map[string]bool{from: true}
	for range maxHops {
		if !strings.HasPrefix(location, "/") {
			return nil
		}
		u, err := url.Parse(location)
		if err != nil {
			return nil
		}
		req, err := readPath(u)
		if err != nil || req.clean != "" {
			return nil
		}
		if !seen[req.name] {
			out, err := t.open(req.name)
			if err == nil {
				out.close()
				return nil
			}
			if !isMissing(err) {
				return err
			}
		} else {
			break
		}
		seen[req.name] = true
		r, values := rules.first(req.name)
		if r == nil || r.status < 300 || r.status > 399 {
			return nil
		}
		location = relative(r.expand(values, escapeSegments))
	}
	return fault.New(fault.Corrupt, "the rules of this site send %.200q round in a circle", "/"+from).
		WithHint("the site's author has to correct %s", rulesName)
}
