package page

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/kith-web/kith/internal/nearby/consent"
)

const kindSource = "source"

// source is a receiver or a request of a page, until it is stopped.
type source struct {
	sk     *socket
	id     uint32
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func (sk *socket) newSource(c command) (*source, error) {
	src := &source{sk: sk, id: c.ID}
	ok, err := sk.enter(c.ID, src, kindSource, sk.s.o.MaxSources)
	if err != nil {
		return nil, err
	}
	if !ok {
		sk.fail(c.ID, nameQuota, "too many receivers and requests at once")
		return nil, nil
	}
	src.ctx, src.cancel = context.WithCancelCause(sk.ctx)
	return src, nil
}

func (src *source) command(c command) error {
	if c.Op != "stop" {
		return unknown(c, "receiver or request")
	}
	src.cancel(errStopped)
	return nil
}

func (src *source) take(f frame) error {
	src.sk.free(f)
	return nil
}

// finish forgets a source. What ended it is told the page only where a person
// had agreed to something before.
func (src *source) finish(tell bool) {
	cause := context.Cause(src.ctx)
	src.cancel(nil)
	src.sk.drop(src.id, kindSource)
	if tell && errors.Is(cause, errRevoked) {
		reason := "the person ended it"
		src.sk.say(news{Op: "closed", ID: src.id, Reason: &reason})
	}
}

// receive makes the page one that others can connect to, once the person agrees.
func (sk *socket) receive(c command) error {
	src, err := sk.newSource(c)
	if src == nil {
		return err
	}
	nickname := sk.nickname(c.Nickname)
	sk.wait.Go(func() {
		_, err := sk.s.o.Desk.Ask(src.ctx, consent.Question{Kind: consent.Advertise, App: sk.app.ID, Nickname: nickname})
		if err == nil {
			r := &receiver{sk: sk, id: c.ID, nickname: nickname, ctx: src.ctx, cancel: src.cancel}
			sk.s.addReceiver(r)
			sk.say(news{Op: "started", ID: c.ID})
			<-src.ctx.Done()
			sk.s.removeReceiver(r)
		}
		src.finish(err == nil)
	})
	return nil
}

// request connects the page with a device that the person chooses.
func (sk *socket) request(c command) error {
	src, err := sk.newSource(c)
	if src == nil {
		return err
	}
	sk.wait.Go(func() {
		device, err := sk.choose(src, c)
		if err == nil {
			sk.reach(src, c, device)
		}
		src.finish(err == nil)
	})
	return nil
}

// choose finds out which device is meant: the one the page names among those it
// knows, the only one that it may reach without asking, or the person's choice.
func (sk *socket) choose(src *source, c command) (Device, error) {
	desk, app := sk.s.o.Desk, sk.app.ID
	q := consent.Question{Kind: consent.Reach, App: app, Nickname: sk.nickname(c.Nickname)}
	granted := desk.Reachable(app)
	switch {
	case c.Device != "":
		for _, d := range granted {
			if desk.Pseudonym(app, d.ID) == c.Device {
				q.Device = d
			}
		}
		if q.Device.ID == "" {
			sk.fail(c.ID, nameUnknown, "this app knows no such device")
			return Device{}, ErrNobody
		}
	case len(granted) == 1 && !c.Choose:
		q.Device = granted[0]
	}
	answer, err := desk.Ask(src.ctx, q)
	return answer.Device, err
}

// reach connects with a device, and tries again until it is there and its person
// agrees: the page waits all the while, and the console says why.
func (sk *socket) reach(src *source, c command, device Device) {
	ctx, cancel := context.WithCancelCause(src.ctx)
	defer cancel(nil)
	l := sk.s.addLink(ctx, Link{App: sk.app.ID, Device: device}, src.cancel)
	mine := Hello{App: sk.app.ID, Nickname: sk.nickname(c.Nickname)}
	for pause := sk.s.o.RetryFirst; ; pause = min(2*pause, sk.s.o.RetryMost) {
		conn, theirs, err := sk.s.o.Network.Connect(ctx, device.ID, mine)
		if err == nil {
			sk.connect(src.id, Link{App: sk.app.ID, Device: device, Nickname: sk.nickname(theirs.Nickname)}, conn)
			return
		}
		if ctx.Err() != nil {
			return
		}
		sk.s.note(l, func(l *Link) { l.Problem = err.Error() })
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// arrive hands a connection that came in to the page.
func (sk *socket) arrive(r *receiver, from Device, theirs Hello, conn Conn) {
	if r.ctx.Err() != nil {
		_ = conn.Close()
		return
	}
	sk.connect(r.id, Link{App: sk.app.ID, Device: from, Incoming: true, Nickname: sk.nickname(theirs.Nickname)}, conn)
}

// nickname is what fits of a page's name for itself.
func (sk *socket) nickname(text string) string {
	most := sk.s.o.MaxText
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
