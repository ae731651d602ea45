package api

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/engine"
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
		c.State, c.Message = Warning, "the node listens nowhere: it finds others, and others do not find it"
		c.Hint = "set listen in [" + name + "] of config.toml"
	case st.Reachable == "yes":
		c.State, c.Message = OK, "peers reach this node at "+where
	case st.Reachable == "no":
		c.State, c.Message = Warning, "peers cannot connect to "+where+"; only those that this node calls are served"
		c.Hint = "forward " + where + " (TCP and UDP) to this computer in your router, and allow it in the firewall"
	default:
		c.State, c.Message = Skipped, "no peer has tried to connect to "+where+" yet"
		c.Hint = "ask again in some minutes"
	}
	return c
}

// ports names the ports of addresses such as tcp://127.0.0.1:1 and
// /ip4/127.0.0.1/udp/1/quic-v1, each once.
func ports(listen []string) string {
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
		return "port " + found[0]
	}
	return "ports " + strings.Join(found, ", ")
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
	c := Check{Name: name + " peers", State: OK, Message: fmt.Sprintf("connected with %d", st.Peers)}
	if st.Peers == 0 {
		c.State, c.Message = Warning, "connected with nobody"
		c.Hint = "open a site; if that stays so, look whether a firewall stops UDP and TCP to the outside"
	}
	return c
}

func checkDHT(name string, nodes int) Check {
	c := Check{Name: name + " DHT", State: OK, Message: fmt.Sprintf("%d nodes known", nodes)}
	if nodes == 0 {
		c.State, c.Message = Failed, "no node of the distributed hash table is known"
		c.Hint = "check that the internet can be reached over UDP, and the bootstrap keys in [" + name + "] of config.toml"
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
	c := Check{Name: name + " services", State: OK}
	c.Message = fmt.Sprintf("%d of %d answered", asked-len(failed), asked)
	switch {
	case asked == 0:
		c.State, c.Message = Skipped, fmt.Sprintf("none of %d was needed yet", len(services))
	case len(failed) == asked:
		c.State, c.Message = Failed, "none answered: "+strings.Join(failed, ", ")
		c.Hint = "check the connection to the internet, and the lists in [" + name + "] of config.toml"
	case len(failed) > 0:
		c.Message += "; not: " + strings.Join(failed, ", ")
	}
	return c
}

func checkProbe(ctx context.Context, probe Probe) Check {
	c := Check{Name: "names"}
	if probe == nil {
		c.State, c.Message = Skipped, "look-ups of names are not checked"
		return c
	}
	start := time.Now()
	with, err := probe(ctx)
	if err != nil {
		c.State, c.Message = Failed, "names cannot be looked up: "+oneLine(err)
		c.Hint = "check [dns] in config.toml, and the connection to the internet"
		return c
	}
	c.State, c.Message = OK, fmt.Sprintf("looked up with %s in %d ms", with, time.Since(start).Milliseconds())
	return c
}

// oneLine is the text of err, joined errors side by side.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
