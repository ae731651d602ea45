package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/seal"
	"github.com/kith-web/kith/internal/sharing"
	"github.com/kith-web/kith/internal/text"
)

const friendLong = `Share with friends: each asks the other's own devices, encrypted from end to
end, and what a friend's device does not answer now it answers later. Who is
offline finds the sealed question in a mailbox on a relay that can read nothing.

  kith friend invite                 a link (and QR code) for one friend
  kith friend accept <link>          take a friend's link
  kith friend code alice             compare this with what Alice sees
  kith friend ls alice               what Alice lets you see
  kith friend get alice/photos/1     fetch it`

func (p *program) friendCommand() *cobra.Command {
	c := p.jsonFlag(&cobra.Command{
		Use:     "friend",
		GroupID: groupUse,
		Short:   "Friends: invite, accept, ask them for what they share",
		Long:    friendLong,
		Example: "  kith friend\n  kith friend invite --name alice\n  kith friend get alice/photos/1 -o photo.jpg",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.listFriends(c.Context()) },
	})
	c.AddCommand(
		p.inviteCommand(), p.acceptCommand(), p.invitationsCommand(), p.cancelCommand(),
		p.friendListCommand(), p.friendGetCommand(), p.friendForgetCommand(),
		p.codeCommand(), p.verifyCommand(), p.renameFriendCommand(), p.blockCommand(), p.removeFriendCommand(),
		p.groupCommand(),
	)
	for _, sub := range c.Commands() {
		switch sub.Name() {
		case "ls", "forget", "code", "verify", "rename", "block", "remove":
			sub.ValidArgsFunction = p.completeFriends("")
		case "get":
			sub.ValidArgsFunction = p.completeFriends("/")
		}
	}
	return c
}

// withNode runs f with the running node.
func (p *program) withNode(f func(ctx context.Context, client *api.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		client, err := p.dial(c.Context())
		if err != nil {
			return err
		}
		return f(c.Context(), client, args)
	}
}

func (p *program) listFriends(ctx context.Context) error {
	client, err := p.dial(ctx)
	if err != nil {
		return err
	}
	st, err := client.SharingState(ctx)
	if err != nil {
		return err
	}
	if p.json {
		return p.printJSON(st)
	}
	if len(st.Friends) == 0 {
		p.note("no friends yet: 'kith friend invite' makes a link for one")
		return nil
	}
	w := p.table("NAME\tSTATE\tVERIFIED\tHEARD\tWAITING\tSINCE")
	for _, f := range st.Friends {
		w.row("%s\t%s\t%s\t%s\t%d\t%s", clip(printable(f.Name), 32), friendState(f), yesNo(f.Verified),
			heard(f.Heard), f.Waiting, f.Since.Format(time.DateOnly))
	}
	return w.Flush()
}

func friendState(f sharing.Friend) text.Phrase {
	switch {
	case f.Blocked:
		return text.Of("blocked")
	case f.Pending:
		return text.Of("invited")
	case f.Direct:
		return text.Of("direct")
	}
	return text.Of("friend")
}

func heard(at *time.Time) text.Phrase {
	if at == nil {
		return text.Of("never")
	}
	return text.Of("%s ago", duration(time.Since(*at)))
}

func (p *program) inviteCommand() *cobra.Command {
	var i api.Invite
	var expires time.Duration
	var room inRoom
	c := &cobra.Command{
		Use: "invite", Short: "Make a link for one friend",
		Long: `Make a link that makes one person your friend. It is good once and for a week.
Whoever has it first can use it: send it over a channel you trust, and compare
the code of 'kith friend code' afterwards. Somebody in the room gets it on their
device with --nearby.`,
		Example: "  kith friend invite\n  kith friend invite --nearby bobs-laptop\n  kith friend invite --name alice --expires 1h --json",
		Args:    cobra.NoArgs,
		RunE: p.withNode(func(ctx context.Context, client *api.Client, _ []string) error {
			i.Expires = int64(expires / time.Second)
			v, err := client.InviteFriend(ctx, i)
			if err == nil {
				err = p.hand(ctx, client, room, v.Link)
			}
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(v)
			}
			p.note("good once, until %s; 'kith friend cancel %s' makes it worthless", v.Expires.Local().Format(time.DateTime), v.ID)
			switch {
			case room.device != "":
			case isTerminal(p.Out):
				p.printQR(v.Link)
			default:
				p.say("%s", v.Link)
			}
			return nil
		}),
	}
	c.Flags().StringVar(&i.For, "name", "", "what to call whoever accepts (default: what they call themselves)")
	c.Flags().DurationVar(&expires, "expires", 0, "how long it is good (default one week)")
	room.handFlags(c)
	return p.jsonFlag(c)
}

func (p *program) acceptCommand() *cobra.Command {
	var name string
	var room inRoom
	c := &cobra.Command{
		Use: "accept [link]", Short: "Become the friend of whoever made a link",
		Example: "  kith friend accept 'http://localhost:5484/friend#AQE…' --name bob\n  kith friend accept --nearby alices-laptop",
		Args:    cobra.MaximumNArgs(1),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			link, done, err := p.linkFrom(ctx, client, room, args, seal.Friend)
			if err != nil {
				return err
			}
			f, err := client.AcceptFriend(ctx, link, name)
			if err == nil {
				err = done()
			}
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(f)
			}
			if f.Pending {
				p.note("%s is asked; you are friends as soon as a device of theirs answers", printable(f.Name))
				return nil
			}
			p.note("you and %s are friends; compare codes with 'kith friend code %s'", printable(f.Name), printable(f.Name))
			return nil
		}),
	}
	c.Flags().StringVar(&name, "name", "", "what to call them (default: what they call themselves)")
	room.takeFlags(c)
	return p.jsonFlag(c)
}

func (p *program) invitationsCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use: "invitations", Short: "List links that wait for somebody", Args: cobra.NoArgs,
		RunE: p.withNode(func(ctx context.Context, client *api.Client, _ []string) error {
			st, err := client.SharingState(ctx)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(st.Invitations)
			}
			for _, i := range st.Invitations {
				p.say("%s  %s  until %s  %s", i.ID, i.Kind, i.Expires.Local().Format(time.DateTime), printable(i.For))
			}
			return nil
		}),
	})
}

func (p *program) cancelCommand() *cobra.Command {
	return &cobra.Command{
		Use: "cancel <invitation>", Short: "Make a link worthless",
		Args: exactly(1, "the ID of an invitation; 'kith friend invitations' lists them"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			return client.CancelInvitation(ctx, args[0])
		}),
	}
}
