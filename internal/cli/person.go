package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
)

func (p *program) personCommand() *cobra.Command {
	c := p.jsonFlag(&cobra.Command{
		Use:     "person",
		GroupID: groupUse,
		Short:   "You: name, recovery phrase, passphrase",
		Long: `You, as friends and your own devices know you. You exist from the first friend,
document or device on; there is no account anywhere.`,
		Example: "  kith person\n  kith person phrase\n  kith person passphrase",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.showPerson(c.Context()) },
	})
	c.AddCommand(p.personNameCommand(), p.phraseCommand(), p.recoverCommand(), p.backupCommand(), p.restoreCommand(), p.passphraseCommand(), p.unlockCommand(), p.lockCommand())
	return c
}

func (p *program) showPerson(ctx context.Context) error {
	client, err := p.dial(ctx)
	if err != nil {
		return err
	}
	st, err := client.SharingState(ctx)
	if err != nil {
		return err
	}
	me := st.Person
	if p.json {
		return p.printJSON(me)
	}
	if !me.Exists {
		p.note("nobody yet: 'kith friend invite' or 'kith data put' makes you, 'kith device link' joins a device you have")
		return nil
	}
	p.say("name        %s", printable(me.Name))
	p.say("friends     %d of at most 250", len(st.Friends))
	p.say("devices     %d", len(st.Devices))
	p.say("documents   %d, %s", me.Documents, bytesText(me.Octets))
	if me.Locked {
		p.say("key kept by %s, locked: 'kith person unlock'", me.Guard)
	} else {
		p.say("key kept by %s", me.Guard)
	}
	for _, r := range me.Relays {
		if r.Connected {
			p.say("mailboxes   %s (connected)", printable(r.URL))
		} else {
			p.say("mailboxes   %s (not connected)", printable(r.URL))
		}
	}
	if len(me.Relays) == 0 {
		p.note("no relay keeps mailboxes for you: set relays in [mailbox] of config.toml, so that friends reach you when you are offline")
	}
	if me.PhraseUnseen {
		p.note("write your recovery phrase down: 'kith person phrase'")
	}
	return nil
}

func (p *program) personNameCommand() *cobra.Command {
	return &cobra.Command{
		Use: "name <name>", Short: "Change what friends are told you are called",
		Args: exactly(1, "a name"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			return client.RenamePerson(ctx, args[0])
		}),
	}
}

func (p *program) phraseCommand() *cobra.Command {
	var written bool
	c := &cobra.Command{
		Use: "phrase", Short: "Show the recovery phrase, once",
		Long: `Show the 24 words that stand for you. Write them on paper: they shut out a stolen
device for good, and bring you back when all devices are lost. With --written
they are erased from this device; they cannot be shown again.`,
		Args: cobra.NoArgs,
		RunE: p.withNode(func(ctx context.Context, client *api.Client, _ []string) error {
			if written {
				return client.ForgetPhrase(ctx)
			}
			words, err := client.Phrase(ctx)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(api.Words{Words: words})
			}
			for i := 0; i < len(words); i += 6 {
				p.say("%s", strings.Join(words[i:min(i+6, len(words))], " "))
			}
			p.note("write them on paper, then run 'kith person phrase --written'")
			return nil
		}),
	}
	c.Flags().BoolVar(&written, "written", false, "erase it here: it is written down")
	return p.jsonFlag(c)
}

func (p *program) recoverCommand() *cobra.Command {
	var name string
	c := &cobra.Command{
		Use: "recover", Short: "Be yourself again on this device, by the recovery phrase",
		Long: `Make this device one of the person whose recovery phrase you type, where no other is
left. While you have another device, link this one to it instead ('kith device
link' here): friends and documents come from there, not from the phrase. With a
backup, use 'kith person restore'.`,
		Args: cobra.NoArgs,
		RunE: p.withNode(func(ctx context.Context, client *api.Client, _ []string) error {
			line, err := p.readLine(ctx, "recovery phrase: ")
			if err != nil {
				return err
			}
			return client.RecoverPerson(ctx, strings.Fields(line), name)
		}),
	}
	c.Flags().StringVar(&name, "name", "", "your name")
	return c
}

func (p *program) passphraseCommand() *cobra.Command {
	var off bool
	c := &cobra.Command{
		Use: "passphrase", Short: "Keep everything at rest behind a passphrase",
		Long: `Keep the key of all documents, friends and devices behind a passphrase instead of
the system's keyring or a file. After a start of the node, 'kith person unlock'
asks for it. Nobody can tell it to you again.`,
		Args: cobra.NoArgs,
		RunE: p.withNode(func(ctx context.Context, client *api.Client, _ []string) error {
			st, err := client.SharingState(ctx)
			if err != nil {
				return err
			}
			old, fresh := "", ""
			if st.Person.Guard == "passphrase" {
				if old, err = p.readSecret(ctx, "passphrase now: "); err != nil {
					return err
				}
			}
			if !off {
				if fresh, err = p.readSecret(ctx, "new passphrase: "); err != nil {
					return err
				}
				if fresh == "" {
					return fault.New(fault.Invalid, "an empty passphrase protects nothing").WithHint("--off takes it away")
				}
			}
			return client.SetPassphrase(ctx, old, fresh)
		}),
	}
	c.Flags().BoolVar(&off, "off", false, "take the passphrase away")
	return c
}

func (p *program) unlockCommand() *cobra.Command {
	return &cobra.Command{
		Use: "unlock", Short: "Open what the passphrase keeps", Args: cobra.NoArgs,
		RunE: p.withNode(func(ctx context.Context, client *api.Client, _ []string) error {
			passphrase, err := p.readSecret(ctx, "passphrase: ")
			if err != nil {
				return err
			}
			return client.Unlock(ctx, passphrase)
		}),
	}
}

func (p *program) lockCommand() *cobra.Command {
	return &cobra.Command{
		Use: "lock", Short: "Close it again", Args: cobra.NoArgs,
		RunE: p.withNode(func(ctx context.Context, client *api.Client, _ []string) error { return client.Lock(ctx) }),
	}
}

// readSecret asks for a line that a terminal does not show.
func (p *program) readSecret(ctx context.Context, ask string) (string, error) {
	if f, ok := p.In.(interface{ Fd() uintptr }); ok && term.IsTerminal(int(f.Fd())) {
		_, _ = p.Err.Write([]byte(p.lang.Text(ask)))
		secret, err := term.ReadPassword(int(f.Fd()))
		_, _ = p.Err.Write([]byte("\n"))
		return string(secret), err
	}
	return p.readLine(ctx, "%s", text.Key(ask))
}
