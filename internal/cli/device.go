package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
	"github.com/kith-web/kith/internal/sharing"
	"github.com/kith-web/kith/internal/text"
)

const deviceLong = `Your own devices: each can answer your friends, and together they keep your
documents.

  kith device link                   on the new device: shows a link
  kith device accept <link>          on one you have: lets it in

Both then show a code. When it is the same, run 'kith device confirm' on both.`

func (p *program) deviceCommand() *cobra.Command {
	c := p.jsonFlag(&cobra.Command{
		Use:     "device",
		GroupID: groupUse,
		Short:   "Your own devices: link, list, revoke",
		Long:    deviceLong,
		Example: "  kith device\n  kith device link\n  kith device revoke phone",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.listOwnDevices(c.Context()) },
	})
	c.AddCommand(p.linkCommand(), p.acceptDeviceCommand(), p.confirmDeviceCommand(), p.holdCommand(), p.revokeCommand())
	return c
}

func (p *program) listOwnDevices(ctx context.Context) error {
	client, err := p.dial(ctx)
	if err != nil {
		return err
	}
	st, err := client.SharingState(ctx)
	if err != nil {
		return err
	}
	if p.json {
		return p.printJSON(struct {
			Devices []sharing.Device `json:"devices"`
			Links   []sharing.Link   `json:"links"`
		}{st.Devices, st.Links})
	}
	w := p.table("NAME\tHOLDS\tHEARD\tADDED\tID")
	for _, d := range st.Devices {
		when := heard(d.Heard)
		if d.This {
			when = text.Of("this one")
		}
		w.row("%s\t%s\t%s\t%s\t%s", clip(printable(d.Name), 32), holdsText(d.Holds), when, d.Added.Format(time.DateOnly), d.ID)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, l := range st.Links {
		p.sayLink(l)
	}
	return nil
}

func holdsText(h sharing.Holding) text.Phrase {
	switch h.Kind {
	case "recent":
		return text.Of("%d days", h.Days)
	case "apps":
		return text.Of("%s", clip(printable(strings.Join(h.Apps, ", ")), 24))
	}
	return text.Of("all")
}

func (p *program) sayLink(l sharing.Link) {
	switch {
	case l.State == "linked":
		p.note("linked")
	case l.State == "confirmed":
		p.note("confirmed here; waiting for the other device")
	case l.Safety == "":
		p.note("waiting for the other device")
	default:
		p.say("%s", l.Safety)
		p.note("when the other device shows the same, run 'kith device confirm %s' here, and its own there", l.ID)
	}
}

func (p *program) linkCommand() *cobra.Command {
	var name string
	var wait time.Duration
	var room inRoom
	c := &cobra.Command{
		Use: "link", Short: "Make this a device of yours, beside one you have",
		Long: `Show a link to take to a device of yours ('kith device accept'), and wait until it
answered. Then both show a code.`,
		Args: cobra.NoArgs,
		RunE: p.withNode(func(ctx context.Context, client *api.Client, _ []string) error {
			v, err := client.LinkDevice(ctx, name)
			if err == nil {
				err = p.hand(ctx, client, room, v.Link)
			}
			if err != nil {
				return err
			}
			switch {
			case p.json:
				return p.printJSON(v)
			case room.device != "":
			case isTerminal(p.Out):
				p.printQR(v.Link)
			default:
				p.say("%s", v.Link)
			}
			ctx, cancel := context.WithTimeoutCause(ctx, wait, fault.New(fault.Unreachable, "the other device has not answered within %s", duration(wait)).
				WithHint("the link stays good; 'kith device' shows when it was taken"))
			defer cancel()
			return p.followLink(ctx, client)
		}),
	}
	c.Flags().StringVar(&name, "name", "", "what to call this device (default: the name of the computer)")
	c.Flags().DurationVar(&wait, "wait", 10*time.Minute, "how long to wait")
	room.handFlags(c)
	return p.jsonFlag(c)
}

// followLink shows how a link gets on until this device is linked.
func (p *program) followLink(ctx context.Context, client *api.Client) error {
	shown := ""
	for st, err := client.SharingState(ctx); ; st, err = client.SharingChanged(ctx, st.Version) {
		if err != nil {
			return err
		}
		if len(st.Links) == 0 && len(st.Devices) > 1 {
			p.note("linked")
			return nil
		}
		for _, l := range st.Links {
			if l.Safety != shown && l.Safety != "" {
				shown = l.Safety
				p.sayLink(l)
			}
			if l.State == "linked" {
				p.note("linked")
				return nil
			}
		}
	}
}

func (p *program) acceptDeviceCommand() *cobra.Command {
	var room inRoom
	c := &cobra.Command{
		Use: "accept [link]", Short: "Let a new device in",
		Example: "  kith device accept 'http://localhost:5484/friend#AQI…'\n  kith device accept --nearby phone",
		Args:    cobra.MaximumNArgs(1),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			link, done, err := p.linkFrom(ctx, client, room, args, seal.OwnDevice)
			if err != nil {
				return err
			}
			l, err := client.AcceptDevice(ctx, link)
			if err == nil {
				err = done()
			}
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(l)
			}
			p.sayLink(l)
			return nil
		}),
	}
	room.takeFlags(c)
	return p.jsonFlag(c)
}

func (p *program) confirmDeviceCommand() *cobra.Command {
	return &cobra.Command{
		Use: "confirm <link ID>", Short: "Say that both devices show the same code",
		Args: exactly(1, "the ID that 'kith device accept' said"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			return client.ConfirmDevice(ctx, args[0])
		}),
	}
}

func (p *program) holdCommand() *cobra.Command {
	var h sharing.Holding
	c := &cobra.Command{
		Use: "hold <device> all|recent|apps", Short: "Say which documents a device keeps",
		Example: "  kith device hold phone recent --days 30\n  kith device hold phone apps --app album",
		Args:    exactly(2, "a device and what it holds"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			h.Kind = args[1]
			d, err := p.ownDevice(ctx, client, args[0])
			if err != nil {
				return err
			}
			return client.ChangeOwnDevice(ctx, d.ID, api.OwnDeviceChange{Holds: &h})
		}),
	}
	c.Flags().IntVar(&h.Days, "days", 0, "with recent: for how many days")
	c.Flags().StringArrayVar(&h.Apps, "app", nil, "with apps: an app (again for more)")
	return c
}

func (p *program) ownDevice(ctx context.Context, client *api.Client, name string) (sharing.Device, error) {
	st, err := client.SharingState(ctx)
	if err != nil {
		return sharing.Device{}, err
	}
	for _, d := range st.Devices {
		if d.ID == name || d.Name == name {
			return d, nil
		}
	}
	return sharing.Device{}, fault.New(fault.NotFound, "you have no device called %q", name).WithHint("'kith device' lists them")
}

func (p *program) revokeCommand() *cobra.Command {
	var phrase bool
	c := &cobra.Command{
		Use: "revoke <device>", Short: "Shut a lost or stolen device out",
		Long: `Shut a device out: it gets nothing new from your other devices or your friends,
whose keys are changed. With --phrase the recovery phrase is asked for, and no
device can undo it: use that when somebody may have the device unlocked.`,
		Args: exactly(1, "a device"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			d, err := p.ownDevice(ctx, client, args[0])
			if err != nil {
				return err
			}
			var words []string
			if phrase {
				line, err := p.readLine(ctx, "recovery phrase: ")
				if err != nil {
					return err
				}
				words = strings.Fields(line)
			}
			return client.RevokeDevice(ctx, d.ID, words)
		}),
	}
	c.Flags().BoolVar(&phrase, "phrase", false, "sign it with the recovery phrase")
	return c
}
