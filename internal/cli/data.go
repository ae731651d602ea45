package cli

import (
	"context"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
	"github.com/kith-web/kith/internal/text"
)

const dataLong = `Keep documents on your own devices, sealed, and say who may see them. Friends
ask for them ('kith friend get'); nobody else can. Nothing is shared unless
--for says so.

  kith data put photos/1 photo.jpg --for alice
  kith data ls
  kith data rm photos/1              deleted here, on your devices, at friends`

func (p *program) dataCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "data",
		GroupID: groupUse,
		Short:   "Your own documents: keep, share and delete them",
		Long:    dataLong,
		Example: "  kith data put photos/1 photo.jpg --for alice --for list:family\n  kith data share photos/ --for all",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.dataPutCommand(), p.dataGetCommand(), p.dataListCommand(), p.shareCommand(), p.unshareCommand(),
		p.dataRemoveCommand(), p.receiptsCommand(), p.dataImportCommand(), p.dataExportCommand())
	return c
}

func (p *program) dataPutCommand() *cobra.Command {
	var names, labels []string
	var mediaType string
	c := &cobra.Command{
		Use: "put <path> [file]", Short: "Keep a file, or standard input, as a document",
		Example: "  kith data put photos/1 photo.jpg --for alice\n  echo milk | kith data put notes/shopping",
		Args:    cobra.RangeArgs(1, 2),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			put := sharing.Put{Path: args[0], Type: mediaType, Labels: labels, Body: p.In, Size: -1}
			if len(args) == 2 {
				f, err := os.Open(args[1])
				if err != nil {
					return err
				}
				defer func() { _ = f.Close() }()
				info, err := f.Stat()
				if err != nil {
					return err
				}
				if info.IsDir() {
					return fault.New(fault.Invalid, "%s is a folder", args[1]).WithHint("'kith data import' takes folders")
				}
				put.Body, put.Size = f, info.Size()
				if put.Type == "" {
					put.Type = mime.TypeByExtension(filepath.Ext(args[1]))
				}
			}
			d, err := client.PutDocument(ctx, put, names)
			if err == nil && p.json {
				return p.printJSON(d)
			}
			return err
		}),
	}
	c.Flags().StringArrayVar(&names, "for", nil, "who may see it: a friend, list:NAME, all or nobody (again for more)")
	c.Flags().StringArrayVar(&labels, "label", nil, "a label (again for more)")
	c.Flags().StringVar(&mediaType, "type", "", "the media type (default: by the file's name)")
	return p.jsonFlag(c)
}

func (p *program) dataGetCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "get <path>", Short: "Write a document to standard output, or with -o to a file",
		Args: exactly(1, "the path of a document"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			resp, err := client.OpenDocument(ctx, "", args[0])
			if err != nil {
				return err
			}
			return p.write(resp.Body, out)
		}),
	}
	c.Flags().StringVarP(&out, "output", "o", "", "write to this file")
	return c
}

func (p *program) dataListCommand() *cobra.Command {
	var label string
	c := &cobra.Command{
		Use: "ls [path]", Short: "List documents, and who may see them",
		Args: cobra.MaximumNArgs(1),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			prefix := ""
			if len(args) == 1 {
				prefix = args[0]
			}
			list, err := client.Documents(ctx, "", prefix, label)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(list)
			}
			w := p.table("SIZE\tCHANGED\tFOR\tPATH")
			for _, d := range list {
				w.row("%s\t%s\t%s\t%s", bytesText(d.Size), d.Modified.Local().Format(time.DateTime),
					audienceText(d.Audience), printable(d.Path))
			}
			return w.Flush()
		}),
	}
	c.Flags().StringVar(&label, "label", "", "only those with this label")
	return p.jsonFlag(c)
}

func audienceText(a *sharing.Audience) text.Phrase {
	switch {
	case a == nil || a.Kind == "nobody":
		return text.Of("nobody")
	case a.Kind == "all":
		return text.Of("all friends")
	}
	names := append([]string{}, a.Friends...)
	for _, l := range a.Lists {
		names = append(names, "list:"+l)
	}
	return text.Of("%s", clip(printable(strings.Join(names, ", ")), 40))
}

func (p *program) shareCommand() *cobra.Command {
	return p.audienceCommand("share <path>", "Let friends see a document",
		"  kith data share photos/1 --for alice", func(a *sharing.Audience) sharing.Change { return sharing.Change{Share: a} })
}

func (p *program) unshareCommand() *cobra.Command {
	return p.audienceCommand("unshare <path>", "Let friends see a document no more, and ask them to erase it",
		"  kith data unshare photos/1 --for alice", func(a *sharing.Audience) sharing.Change { return sharing.Change{Unshare: a} })
}

func (p *program) audienceCommand(use, short, example string, change func(*sharing.Audience) sharing.Change) *cobra.Command {
	var names []string
	c := &cobra.Command{
		Use: use, Short: short, Example: example,
		Args: exactly(1, "the path of a document"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			d, err := client.ChangeDocument(ctx, "", args[0], change(api.AudienceOf(names)))
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(d)
			}
			p.note("%s: %s", printable(d.Path), audienceText(d.Audience))
			return nil
		}),
	}
	c.Flags().StringArrayVar(&names, "for", nil, "a friend, list:NAME or all (again for more)")
	_ = c.MarkFlagRequired("for")
	return p.jsonFlag(c)
}

func (p *program) dataRemoveCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use: "rm <path>", Short: "Delete a document, or with a slash at the end a folder",
		Long: `Delete a document: its key is overwritten first, then the rest, here and on your
other devices, and friends who were sent it are asked to erase it. What became
of that is in 'kith data receipts' and in the console. A friend's device can
disobey; nothing can be done about that.`,
		Args: exactly(1, "the path of a document or folder"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			d, err := client.DeleteDocument(ctx, "", args[0])
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(d)
			}
			p.note("%s deleted", text.Count(d.Documents, "%d document", "%d documents"))
			for _, r := range d.Receipts {
				p.note("%s is asked to erase %s", printable(r.Friend), text.Count(len(r.Paths), "%d document", "%d documents"))
			}
			return nil
		}),
	})
}
