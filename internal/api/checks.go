package api

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/text"
)

// checkEngine looks at one network.
func checkEngine(name string, st engine.Status) []Check {
	checks := []Check{checkReach(name, st), checkPeers(name, st)}
	if st.DHTNodes >= 0 {
		checks = append(checks, checkDHT(name, st.DHTNodes))
	}
	if len(st.Services) > 0 {
		checks = append(checks, checkServices(name, st.Services))
	}
	return checks
}

func checkReach(name string, st engine.Status) Check {
	c := Check{Name: name + " reachable"}
	where := ports(st.Listen)
	switch {
	case len(st.Listen) == 0:
		c.Found(Warning, "the node listens nowhere: it finds others, and others do not find it")
		c.Advise("set listen in [%s] of config.toml", name)
	case st.Reachable == "yes":
		c.Found(OK, "peers reach this node at %s", where)
	case st.Reachable == "no":
		c.Found(Warning, "peers cannot connect to %s; only those that this node calls are served", where)
		c.Advise("forward %s (TCP and UDP) to this computer in your router, and allow it in the firewall", where)
	default:
		c.Found(Skipped, "no peer has tried to connect to %s yet", where)
		c.Advise("ask again in some minutes")
	}
	return c
}

// ports names the ports of addresses such as tcp://127.0.0.1:1 and
// /ip4/127.0.0.1/udp/1/quic-v1, each once.
func ports(listen []string) text.Phrase {
	var found []string
	for _, l := range listen {
		port := portOf(l)
		if port == "" {
			port = l
		}
		if !slices.Contains(found, port) {
			found = append(found, port)
		}
	}
	if len(found) == 1 {
		return text.Of("port %s", found[0])
	}
	return text.Of("ports %s", strings.Join(found, ", "))
}

// portOf is the port in a multiaddr or a URL; "" where there is none.
func portOf(listen string) string {
	if steps := strings.Split(listen, "/"); steps[0] == "" {
		for i := 1; i+1 < len(steps); i++ {
			if steps[i] == "tcp" || steps[i] == "udp" {
				return steps[i+1]
			}
		}
		return ""
	}
	u, err := url.Parse(listen)
	if err != nil {
		return ""
	}
	return u.Port()
}

func checkPeers(name string, st engine.Status) Check {
	c := Check{Name: name + " peers"}
	c.Found(OK, "connected with %d", st.Peers)
	if st.Peers == 0 {
		c.Found(Warning, "connected with nobody")
		c.Advise("open a site; if that stays so, look whether a firewall stops UDP and TCP to the outside")
	}
	return c
}

func checkDHT(name string, nodes int) Check {
	c := Check{Name: name + " DHT"}
	c.Found(OK, "%d nodes known", nodes)
	if nodes == 0 {
		c.Found(Failed, "no node of the distributed hash table is known")
		c.Advise("check that the internet can be reached over UDP, and the bootstrap keys in [%s] of config.toml", name)
	}
	return c
}

func checkServices(name string, services []engine.Service) Check {
	var failed []string
	asked := 0
	for _, s := range services {
		if s.Last.IsZero() {
			continue
		}
		asked++
		if s.Error != "" {
			failed = append(failed, s.URL+" ("+s.Error+")")
		}
	}
	c := Check{Name: name + " services"}
	c.Found(OK, "%d of %d answered", asked-len(failed), asked)
	switch {
	case asked == 0:
		c.Found(Skipped, "none of %d was needed yet", len(services))
	case len(failed) == asked:
		c.Found(Failed, "none answered: %s", strings.Join(failed, ", "))
		c.Advise("check the connection to the internet, and the lists in [%s] of config.toml", name)
	case len(failed) > 0:
		c.Also("%s; not: %s", strings.Join(failed, ", "))
	}
	return c
}

func checkProbe(ctx context.Context, probe Probe) Check {
	c := Check{Name: "names"}
	if probe == nil {
		c.Found(Skipped, "look-ups of names are not checked")
		return c
	}
	start := time.Now()
	with, err := probe(ctx)
	if err != nil {
		c.Found(Failed, "names cannot be looked up: %s", oneLine(err))
		c.Advise("check [dns] in config.toml, and the connection to the internet")
		return c
	}
	c.Found(OK, "looked up with %s in %d ms", with, time.Since(start).Milliseconds())
	return c
}

// oneLine is the text of err, joined errors side by side.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
