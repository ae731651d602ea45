package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/seal"
)

// inRoom says to whom in the room a link goes, or from whom it comes.
type inRoom struct {
	device, code string
	wait         time.Duration
}

// handFlags are those of commands that make a link.
func (r *inRoom) handFlags(c *cobra.Command) {
	c.Flags().StringVar(&r.device, "nearby", "", "hand the link to whoever is at this device in the room")
	c.Flags().StringVar(&r.code, "code", "", "with --nearby, the code that both devices were given (default: the one it shows)")
}

// takeFlags are those of commands that use a link.
func (r *inRoom) takeFlags(c *cobra.Command) {
	c.Flags().StringVar(&r.device, "nearby", "", "use the link that this device in the room hands over, instead of one that is given")
	c.Flags().DurationVar(&r.wait, "wait", 2*time.Minute, "with --nearby, how long to wait for it")
}

// hand gives a link to the person at the device, if there is to be one.
func (p *program) hand(ctx context.Context, client *api.Client, r inRoom, link string) error {
	if r.device == "" {
		return nil
	}
	d, err := p.pairWith(ctx, client, r.device, r.code)
	if err != nil {
		return err
	}
	if err := client.NearbyCard(ctx, api.CardRequest{Device: d.ID, Link: link}); err != nil {
		return err
	}
	p.note("%s shows it now", printable(d.Name))
	return nil
}

// linkFrom returns the link of the arguments, or the one that a device in the room
// hands over; done says that it was used.
func (p *program) linkFrom(
	ctx context.Context, client *api.Client, r inRoom, args []string, kind seal.Kind,
) (link string, done func() error, err error) {
	switch {
	case r.device == "" && len(args) == 1:
		return args[0], func() error { return nil }, nil
	case r.device == "" || len(args) > 0:
		return "", nil, fault.New(fault.Invalid, "either a link or --nearby <device> is needed").
			WithHint("'kith nearby' lists the devices in the room")
	}
	c, err := p.awaitCard(ctx, client, r, kind)
	if err != nil {
		return "", nil, err
	}
	p.note("%s handed over a link", printable(c.Name))
	return c.Link, func() error { return client.NearbyDropCard(ctx, c.ID) }, nil
}

// awaitCard waits until a device handed over a link of a kind.
func (p *program) awaitCard(ctx context.Context, client *api.Client, r inRoom, kind seal.Kind) (nearby.Card, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.wait, fault.New(fault.Unreachable, "%q has handed over no link within %s", r.device, duration(r.wait)).
		WithHint("make one there: 'kith friend invite --nearby' or 'kith device link --nearby', and this device's name"))
	defer cancel()
	for st, err := client.NearbyState(ctx); ; st, err = client.NearbyChanged(ctx, st.Version) {
		if ctx.Err() != nil {
			return nearby.Card{}, context.Cause(ctx)
		}
		if err != nil {
			return nearby.Card{}, err
		}
		for i := len(st.Cards) - 1; i >= 0; i-- {
			c := st.Cards[i]
			invitation, err := seal.ParseInvitation(c.Link)
			if (c.Device == r.device || strings.EqualFold(c.Name, r.device)) && err == nil && invitation.Kind == kind {
				return c, nil
			}
		}
	}
}
