package cli

import (
	"bytes"
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
)

func (p *program) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup <file>", Short: "Keep friends and names in a file that only the phrase opens",
		Long: `Keep your friends, invitations and names in a file. Only the recovery phrase opens
it, so it can lie anywhere. Documents are not in it: 'kith data export' takes
them out, and every other device of yours has them.`,
		Args: exactly(1, "the name of a file"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			file, err := client.Backup(ctx)
			if err != nil {
				return err
			}
			return writeWhole(args[0], bytes.NewReader(file))
		}),
	}
}

func (p *program) restoreCommand() *cobra.Command {
	var keep []string
	c := &cobra.Command{
		Use: "restore <file>", Short: "Be yourself again on this device, by a backup and the phrase",
		Long: `Make this home a device of the person whose backup it is. It asks for the recovery
phrase. Keys change with every friend, and all devices before are shut out, but
those that you keep: then friends and documents come from them.`,
		Example: "  kith person restore kith.backup\n  kith person restore kith.backup --keep laptop",
		Args:    exactly(1, "the name of a file that 'kith person backup' wrote"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			file, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			line, err := p.readLine(ctx, "recovery phrase: ")
			if err != nil {
				return err
			}
			return client.RestorePerson(ctx, strings.Fields(line), file, keep...)
		}),
	}
	c.Flags().StringArrayVar(&keep, "keep", nil, "a device that you still have, by the name it had (repeat it for more)")
	return c
}
