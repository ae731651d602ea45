package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
	"github.com/kith-web/kith/internal/text"
)

// friend finds one by name or ID in the state.
func (p *program) friend(ctx context.Context, client *api.Client, name string) (sharing.Friend, error) {
	st, err := client.SharingState(ctx)
	if err != nil {
		return sharing.Friend{}, err
	}
	for _, f := range st.Friends {
		if f.Name == name || f.ID == name {
			return f, nil
		}
	}
	return sharing.Friend{}, fault.New(fault.NotFound, "you have no friend called %q", name).
		WithHint("'kith friend' lists them")
}

func (p *program) codeCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use: "code <friend>", Short: "Show the code that proves nobody sits in between",
		Long: `Show the safety code of a friendship. Your friend sees the same digits, unless
somebody else used the link: compare them in person or on the telephone, and
then run 'kith friend verify'.`,
		Args: exactly(1, "the name of a friend"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			f, err := p.friend(ctx, client, args[0])
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(f)
			}
			if f.Safety == "" {
				return fault.New(fault.Conflict, "%s has not answered yet", printable(f.Name)).
					WithHint("there is a code as soon as a device of theirs was online")
			}
			p.say("%s", f.Safety)
			return nil
		}),
	})
}

func (p *program) verifyCommand() *cobra.Command {
	var off bool
	c := &cobra.Command{
		Use: "verify <friend>", Short: "Note that you compared the code",
		Args: exactly(1, "the name of a friend"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			verified := !off
			return p.changeFriend(ctx, client, args[0], sharing.FriendChange{Verified: &verified})
		}),
	}
	c.Flags().BoolVar(&off, "off", false, "take that back")
	return p.jsonFlag(c)
}

func (p *program) renameFriendCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use: "rename <friend> <name>", Short: "Call a friend something else",
		Args: exactly(2, "a friend and a name"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			return p.changeFriend(ctx, client, args[0], sharing.FriendChange{Name: &args[1]})
		}),
	})
}

func (p *program) blockCommand() *cobra.Command {
	var off bool
	c := &cobra.Command{
		Use: "block <friend>", Short: "Answer a friend nothing more, until --off",
		Args: exactly(1, "the name of a friend"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			blocked := !off
			return p.changeFriend(ctx, client, args[0], sharing.FriendChange{Blocked: &blocked})
		}),
	}
	c.Flags().BoolVar(&off, "off", false, "answer them again")
	return p.jsonFlag(c)
}

func (p *program) changeFriend(ctx context.Context, client *api.Client, name string, change sharing.FriendChange) error {
	f, err := client.ChangeFriend(ctx, name, change)
	if err == nil && p.json {
		return p.printJSON(f)
	}
	return err
}

func (p *program) removeFriendCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use: "remove <friend>", Short: "End a friendship, and delete what it left",
		Long: `End a friendship. What they sent you is erased here, they are asked to erase what
you sent them, and the keys and mailboxes between you are thrown away. Becoming
friends again needs a new link.`,
		Args: exactly(1, "the name of a friend"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			r, err := client.RemoveFriend(ctx, args[0])
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(r)
			}
			p.note("%s of theirs erased here; they were asked to erase %s of yours", text.Count(r.Copies, "%d copy", "%d copies"), text.Count(r.Asked, "%d document", "%d documents"))
			return nil
		}),
	})
}

func (p *program) groupCommand() *cobra.Command {
	var off bool
	c := &cobra.Command{
		Use: "list <name> [friend…]", Short: "Name a group of friends, for --for list:NAME",
		Example: "  kith friend list family alice bob\n  kith data put photos/1 photo.jpg --for list:family",
		Args:    cobra.MinimumNArgs(1),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			if off {
				return client.RemoveList(ctx, args[0])
			}
			return client.SetList(ctx, args[0], args[1:])
		}),
	}
	c.Flags().BoolVar(&off, "off", false, "forget the group")
	return c
}
