package hostile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/app"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// Secrets that people choose.
const (
	operatorToken = "operator-5ebd1f0ce2-token"
	passphrase    = "correct horse 77d1b0 staple"
	wrongPhrase   = "wrong-passphrase-c01f5e93"
	password      = "pa55-of-a-url-3f9bb1"
	userName      = "user-of-a-url-90c2d4"
	content       = "MARKER-of-a-document-b2f0aa81"
	fileName      = "MARKER-of-a-name-4c77e2d0"
	typed         = "typed-by-mistake-9d3ef1b6a2"
	nearbyCode    = "730-519-284"
	credentials   = userName + ":" + password + "@"
	nowhere       = "127.0.0.1:9" // nobody listens there
)

// quiet is what TestSecretsAreNotLogged has running.
type quiet struct {
	*testing.T
	web               *http.Client // every name is this computer
	mu                sync.Mutex
	said              heard
	secrets           secrets
	relay             *harness.Process
	relayURL, metrics string
	alice, bob, phone *harness.Node
}

// hear keeps a text to be searched.
func (q *quiet) hear(where, text string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.said[where] += text + "\n"
}

// fails does what has to fail, and keeps the error with all that people see of it.
func (q *quiet) fails(what string, err error) {
	q.Helper()
	if err == nil {
		q.Errorf("%s went well", what)
		return
	}
	q.hear("the error of "+what, err.Error()+"\n"+fault.Hint(err))
}

// write writes a configuration into a new home.
func (q *quiet) write(text string) (home string) {
	home = q.TempDir()
	must(q, os.WriteFile(filepath.Join(home, "config.toml"), []byte(text), 0o600))
	return home
}

// startRelay starts a relay that wants a token.
func (q *quiet) startRelay() {
	at := harness.Loopback(harness.FreePort(q))
	q.metrics = "http://" + harness.Loopback(harness.FreePort(q)) + "/"
	home := q.write(fmt.Sprintf("[log]\nlevel = 'debug'\nformat = 'json'\n[relay]\nlisten = '%s'\nmetrics = '%s'\n[relay.mailbox]\ndisk = 100\ntoken = '%s'\n",
		at, strings.Trim(q.metrics, "htp:/"), operatorToken))
	q.relay = harness.Start(q, harness.Program{Path: kith, Args: []string{"relay", "--home", home}})
	q.relayURL = "ws://" + at
	eventually(q, func() error {
		_, err := q.ask(http.MethodGet, "http://"+at+"/", nil, "")
		return err
	})
	q.keys(home)
}

// start starts a node that talks to the relay, and to others that have a password.
func (q *quiet) start(name, format string) *harness.Node {
	n := harness.StartNode(q, harness.Options{Binary: kith, Config: harness.Config{
		"log.level": "debug", "log.format": format, "friends.direct": true, "friends.name": name, "gateway.timeout": "1s",
		"mailbox.relays": []string{q.relayURL}, "mailbox.token": operatorToken,
		"bittorrent.trackers": []string{"wss://" + credentials + nowhere + "/announce", "http://" + credentials + nowhere + "/announce"},
		"bittorrent.webrtc":   true, "bittorrent.allow_local": true,
		"ipfs.routers": []string{"http://" + credentials + nowhere}, "ipfs.gateways": []string{"http://" + credentials + nowhere},
		"dns.server": "", "dns.doh": "https://" + credentials + nowhere + "/dns-query",
		"nearby.enabled": true, "nearby.interfaces": []string{"lo"}, "nearby.listen": "127.0.0.1:0", "nearby.name": name,
		"nearby.dir": q.TempDir(),
	}})
	q.keys(n.Home)
	return n
}

// keys takes for secrets what small files in a home hold that are for its owner
// alone.
func (q *quiet) keys(home string) {
	must(q, filepath.WalkDir(home, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil || info.Size() < 16 || info.Size() > 256 || info.Mode().Perm() != 0o600 || e.Name() == "config.toml" || e.Name() == "beacon.json" {
			return err
		}
		data, err := os.ReadFile(path)
		q.secrets["the file "+e.Name()+" of "+filepath.Base(home)] = strings.TrimSpace(string(data))
		return err
	}))
}

// ask sends a request, and keeps what is answered.
func (q *quiet) ask(method, url string, header http.Header, body string) (status int, err error) {
	ctx, cancel := context.WithTimeout(q.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	maps.Copy(r.Header, header)
	resp, err := q.web.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	q.hear("the answer to "+method+" "+strings.ReplaceAll(url, typed, "…"), fmt.Sprintf("%d %v %s", resp.StatusCode, resp.Header, text))
	return resp.StatusCode, err
}

// cli runs a command that may fail; what it says to standard error is kept.
func (q *quiet) cli(n *harness.Node, args ...string) (stdout string, err error) {
	stdout, stderr, err := n.TryCLI(q, args...)
	q.hear("standard error of "+strings.Join(args[:min(2, len(args))], " "), stderr)
	return stdout, err
}

// TestSecretsAreNotLogged has people use all that has a secret in it, rightly and
// wrongly, with every log at its most talkative, and looks for the secrets in what
// the programs say.
func TestSecretsAreNotLogged(t *testing.T) {
	web := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}}}
	t.Cleanup(web.CloseIdleConnections)
	q := &quiet{T: t, web: web, said: heard{}, secrets: secrets{
		"the operator's token": operatorToken, "the passphrase": passphrase, "a wrong passphrase": wrongPhrase,
		"a URL's password": password, "a URL's user": userName, "a document": content, "a document's name": fileName,
		"what was typed by mistake": typed, "a code": nearbyCode, "a code's digits": strings.ReplaceAll(nearbyCode, "-", ""),
	}}
	q.startRelay()
	var group sync.WaitGroup
	for name, n := range map[string]**harness.Node{"quiet-alice": &q.alice, "quiet-bob": &q.bob, "quiet-phone": &q.phone} {
		format := "text"
		if n == &q.alice {
			format = "json"
		}
		*n = q.start(name, format)
	}
	group.Go(q.sites)
	group.Go(q.host)
	group.Go(q.refused)
	q.people()
	group.Go(q.badRequests) // some are limited
	q.nearby()
	group.Wait()
	q.keys(q.alice.Home)
	for _, url := range []string{q.metrics + "metrics", q.metrics + "metrics.json", q.alice.Console + "metrics", q.alice.Console + "api/v1/status"} {
		token, err := os.ReadFile(filepath.Join(q.alice.Home, "token"))
		must(t, err)
		if status, err := q.ask(http.MethodGet, url, http.Header{"Authorization": {"Bearer " + strings.TrimSpace(string(token))}}, ""); err != nil || status != http.StatusOK {
			t.Errorf("%s: %d %v", url, status, err)
		}
	}
	for _, args := range [][]string{{"config", "show"}, {"config", "show", "--json"}, {"doctor"}, {"doctor", "--json"}} {
		out, _ := q.cli(q.alice, args...) // the doctor may find something
		q.hear("kith "+strings.Join(args, " "), out)
	}
	for name, p := range map[string]*harness.Process{"alice": q.alice.Process, "bob": q.bob.Process, "the phone": q.phone.Process, "the relay": q.relay} {
		q.hear("the log of "+name, p.Output())
		if err := p.Stop(patience); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		q.said["the log of "+name] = p.Output()
		if name != "the relay" && !strings.Contains(p.Output(), "DEBUG") {
			t.Errorf("%s logs nothing for debugging: this test finds nothing then", name)
		}
	}
	for _, leak := range leaks(q.secrets, q.said) {
		t.Error(leak)
	}
}

// people are friends, have devices, documents, a phrase and a passphrase.
func (q *quiet) people() {
	ctx := q.Context()
	words, err := q.alice.Client.Phrase(ctx)
	if err != nil {
		must(q, q.alice.Client.CreatePerson(ctx, "alice"))
		words, err = q.alice.Client.Phrase(ctx)
	}
	must(q, err)
	q.secrets["the recovery phrase"] = strings.Join(words[3:7], " ")
	q.secrets["the recovery phrase in JSON"] = strings.Join(words[3:7], `","`)
	q.fails("recovery", q.alice.Client.RecoverPerson(ctx, append(words[:23:23], typed), "alice"))
	invited, err := q.alice.Client.InviteFriend(ctx, api.Invite{For: "bob"})
	must(q, err)
	q.link("an invitation", invited.Link)
	for _, bad := range []string{invited.Link[:len(invited.Link)-5], invited.Link + "AAAA", strings.ToLower(invited.Link)} {
		_, err = q.bob.Client.AcceptFriend(ctx, bad, "")
		q.fails("a damaged invitation", err)
		if _, err := q.cli(q.bob, "friend", "accept", bad); err == nil {
			q.Error("a damaged invitation is accepted")
		}
		_, err := q.cli(q.bob, "device", "accept", bad)
		q.fails("an invitation where a device's link belongs", err)
		_, err = q.cli(q.bob, "open", bad)
		q.fails("an invitation where an address belongs", err)
	}
	_, err = q.cli(q.bob, "friend", "accept", invited.Link, "--name", "alice")
	must(q, err)
	for n, friend := range map[*harness.Node]string{q.alice: "bob", q.bob: "alice"} {
		eventually(q, func() error { return q.hasFriend(n, friend) })
	}
	q.documents()
	q.devices()
	q.locks()
}

// link takes what stands behind the # of a link for a secret, and its parts.
func (q *quiet) link(what, link string) {
	_, fragment, ok := strings.Cut(link, "#")
	if !ok || len(fragment) < 40 {
		q.Fatalf("%s is %q", what, link)
	}
	q.secrets[what] = fragment
	q.secrets["the middle of "+what] = fragment[len(fragment)/2:][:24]
	q.secrets["the end of "+what] = fragment[len(fragment)-29:][:24] // also of one that is cut short
}

func (q *quiet) hasFriend(n *harness.Node, name string) error {
	st, err := n.Client.SharingState(q.Context())
	if err != nil {
		return err
	}
	for _, f := range st.Friends {
		if f.Name == name && !f.Pending {
			return nil
		}
	}
	return fmt.Errorf("no friend %s yet", name)
}

func (q *quiet) documents() {
	for i, n := range []int{1, 8000} { // beside its description, and in a file of its own
		path := filepath.Join(q.TempDir(), fileName)
		must(q, os.WriteFile(path, []byte(strings.Repeat(content+"\n", n)), 0o600))
		at := fmt.Sprintf("letters/%d/%s", i, fileName)
		_, err := q.cli(q.alice, "data", "put", at, path, "--for", "bob")
		must(q, err)
		got, err := q.cli(q.bob, "friend", "get", "alice/"+at, "--wait", "60s")
		if err != nil || !strings.HasPrefix(got, content) {
			q.Fatalf("bob got %.80q: %v", got, err)
		}
	}
	_, err := q.alice.Client.DeleteDocument(q.Context(), "", "letters/0/"+fileName)
	must(q, err)
}

// devices makes the phone one of bob's.
func (q *quiet) devices() {
	out, err := q.cli(q.phone, "device", "link", "--name", "phone", "--json")
	must(q, err)
	var shown struct{ Link string }
	must(q, json.Unmarshal([]byte(out), &shown))
	q.link("a device's link", shown.Link)
	_, err = q.cli(q.bob, "device", "accept", shown.Link[:len(shown.Link)-5])
	q.fails("a damaged link", err)
	_, err = q.cli(q.bob, "device", "accept", shown.Link)
	must(q, err)
	for _, n := range []*harness.Node{q.phone, q.bob} {
		eventually(q, func() error {
			st, err := n.Client.SharingState(q.Context())
			if err != nil {
				return err
			}
			for _, l := range st.Links {
				if l.Safety != "" {
					_, err = q.cli(n, "device", "confirm", l.ID)
					return err
				}
			}
			return errors.New("no code to compare yet")
		})
	}
	eventually(q, func() error {
		st, err := q.phone.Client.SharingState(q.Context())
		if err == nil && len(st.Devices) != 2 {
			err = fmt.Errorf("%d devices", len(st.Devices))
		}
		return err
	})
}

// locks has a passphrase at the start of a node.
func (q *quiet) locks() {
	ctx := q.Context()
	must(q, q.alice.Client.SetPassphrase(ctx, "", passphrase))
	q.alice.End(q)
	q.hear("the log of alice before", q.alice.Output())
	q.alice = q.alice.Restart(q)
	q.fails("a wrong passphrase", q.alice.Client.Unlock(ctx, wrongPhrase))
	must(q, q.alice.Client.Unlock(ctx, passphrase))
	q.fails("a change by the wrong passphrase", q.alice.Client.SetPassphrase(ctx, wrongPhrase, ""))
	_, err := q.alice.Client.PutDocument(ctx, sharing.Put{Path: "/../letter", Body: strings.NewReader(content)}, []string{typed})
	q.fails("a document with a bad name, for nobody who is known", err)
}

// nearby pairs two devices by a code, after a wrong one.
func (q *quiet) nearby() {
	const wrong = "000-111-222"
	eventually(q, func() error {
		st, err := q.bob.Client.NearbyState(q.Context())
		if err != nil {
			return err
		}
		for _, d := range st.Devices {
			if d.Name == "quiet-phone" && d.Near {
				return nil
			}
		}
		return errors.New("the phone is not found")
	})
	for _, code := range []string{wrong, nearbyCode} {
		shows := harness.Start(q, q.phone.Command("nearby", "pair", "--code", nearbyCode))
		_, err := q.cli(q.bob, "nearby", "pair", "quiet-phone", "--code", code)
		if (err == nil) != (code == nearbyCode) {
			q.Errorf("pairing with %s: %v", code, err)
		}
		_ = shows.Stop(patience) // it may have ended well
		q.hear("what a pairing device logs", strings.ReplaceAll(shows.Output(), nearbyCode, ""))
	}
}

// sites are opened whose hints have passwords, and names are looked up.
func (q *quiet) sites() {
	n := q.bob
	for _, a := range []string{
		"magnet:?xt=urn:btih:1111111111111111111111111111111111111111&tr=wss://" + credentials + nowhere + "/&tr=http://" + credentials + nowhere + "/a&ws=http://" + credentials + nowhere + "/&xs=http://" + credentials + nowhere + "/t",
		"ipfs://bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy/",
	} {
		if _, err := n.Client.Open(q.Context(), api.OpenRequest{Address: a}); err != nil {
			q.hear("the error of an address with a password", err.Error())
		}
	}
	_, err := n.Client.Resolve(q.Context(), "site.example")
	q.fails("a name that cannot be looked up", err)
	dir := q.TempDir()
	must(q, os.WriteFile(filepath.Join(dir, "index.html"), []byte("<h1>"+typed+"</h1>"), 0o600))
	var published *api.PublishEvent
	must(q, n.Client.Publish(q.Context(), api.PublishRequest{Folder: dir}, func(e api.PublishEvent) { published = &e }))
	if published == nil || published.Result == nil {
		q.Error("nothing was published")
		return
	}
	opened, err := n.Client.Open(q.Context(), api.OpenRequest{Address: published.Result.WTP, Mode: "app"})
	must(q, err)
	q.grant(n, opened.Label)
}

// grant has an app keep a document, and ask wrongly.
func (q *quiet) grant(n *harness.Node, label string) {
	host := "http://" + label + ".localhost:" + n.Port
	header := http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {host}, "Content-Type": {"application/json"}}
	answered := make(chan error, 1)
	go func() {
		status, err := q.ask(http.MethodPost, host+"/.kith/connect", header, `{"app":"album","title":"Album","wants":["data"]}`)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d", status)
		}
		answered <- err
	}()
	eventually(q, func() error {
		if len(answered) > 0 {
			return nil // without a question: it failed
		}
		st, err := n.Client.Apps(q.Context())
		if err != nil || len(st.Asks) == 0 {
			return errors.Join(err, errors.New("nothing is asked yet"))
		}
		return n.Client.AnswerApp(q.Context(), st.Asks[0].ID, app.Answer{Allow: true})
	})
	if err := <-answered; err != nil {
		q.Errorf("connect: %v: %s", err, q.said["the answer to POST "+host+"/.kith/connect"])
	}
	for method, path := range map[string]string{
		http.MethodPut: "data/" + fileName, http.MethodPost: "friends/" + typed, http.MethodDelete: "data/..%2fletter",
	} {
		_, err := q.ask(method, host+"/.kith/"+path, header, content)
		if err != nil {
			q.Error(err)
		}
	}
}

// host stands before a website that is not there, and has a password.
func (q *quiet) host() {
	at := harness.Loopback(harness.FreePort(q))
	offline, err := os.ReadFile(filepath.Join(harness.Root(), "cmd", "kith", "testdata", "offline.toml"))
	must(q, err)
	home := q.write(string(offline) + fmt.Sprintf("\n[gateway]\nlisten = '127.0.0.1:0'\n[log]\nlevel = 'debug'\n[host]\ndomain = 'quiet.localhost'\nhttp = '%s'\nfront = 'http://%s'\nice = ['http://%s%s/ice']\n",
		at, nowhere, credentials, nowhere))
	p := harness.Start(q, harness.Program{Path: kith, Args: []string{"host", "--home", home}})
	eventually(q, func() error {
		_, err := q.ask(http.MethodPost, "http://"+at+"/?q="+typed, http.Header{"Authorization": {"Basic " + typed}, "Cookie": {"session=" + typed}}, typed)
		return err
	})
	if err := p.Stop(patience); err != nil {
		q.Errorf("the host: %v", err)
	}
	q.hear("the log of the host", p.Output())
}

// refused are configurations that cannot work.
func (q *quiet) refused() {
	for name, text := range map[string]string{
		"a relay with a password":      "[mailbox]\nrelays = ['wss://" + credentials + nowhere + "']",
		"a hop with a password":        "[mailbox]\nhop = 'wss://" + credentials + nowhere + "/x'",
		"a tracker that is none":       "[bittorrent]\ntrackers = ['ftp://" + credentials + nowhere + "']",
		"a tracker that is broken":     "[bittorrent]\ntrackers = ['http://" + credentials + nowhere + ":x:y']",
		"a front with a password":      "[host]\nfront = 'http://" + credentials + nowhere + "'",
		"a database that is none":      "[relay.mailbox]\nengine = 'mysql://" + credentials + nowhere + "/relay'",
		"a database that is not there": "[relay]\nudp = 'off'\nlisten = '127.0.0.1:0'\n[relay.mailbox]\nengine = 'postgres://relay:" + password + "@" + nowhere + "/relay?connect_timeout=1'",
		"a token that is too long":     "[relay.mailbox]\ntoken = '" + strings.Repeat(typed, 20) + "'",
		"a token of the wrong kind":    "[relay.mailbox]\ntoken = ['" + typed + "']",
		"a line that is broken":        "[mailbox]\ntoken = '" + typed + "\n",
	} {
		home := q.write(text)
		for _, command := range []string{"relay", "host", "up"} {
			if command != "relay" && strings.Contains(name, "not there") {
				continue // only a relay opens it
			}
			out, stderr, err := harness.TryRun(q, harness.Program{Path: kith, Args: []string{command, "--home", home}})
			if err == nil {
				q.Errorf("kith %s goes on with %s", command, name)
			}
			q.hear("what kith "+command+" says of "+name, out+stderr)
		}
	}
}

// badRequests are those of somebody who guesses, or whose program is wrong.
func (q *quiet) badRequests() {
	relay := strings.Replace(q.relayURL, "ws://", "http://", 1) + "/"
	for _, base := range []string{q.bob.Console, relay} {
		for _, path := range []string{
			"api/v1/status?token=" + typed, "api/v1/sites?address=" + typed, "api/v1/person/unlock", "api/v1/friends/me", "mailbox/v1",
			"mailbox/v1/chunks/AAAA", "mailbox/v1/put", "announce?info_hash=" + typed, "ice?token=" + typed, "console/x#" + typed,
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				_, err := q.ask(method, base+path, http.Header{
					"Authorization": {"Bearer " + typed}, "Proxy-Authorization": {"Basic " + typed}, "Cookie": {"token=" + typed},
					"X-Forwarded-For": {typed}, "Sec-Websocket-Protocol": {typed}, "Kith-Ticket": {typed},
				}, `{"passphrase": "`+typed+`", "link": "#`+typed)
				if err != nil {
					q.Errorf("%s %s: %v", method, path, err)
				}
			}
		}
	}
}
