package cli

import (
	"context"
	"fmt"
	"io/fs"
	"mime"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
	"github.com/kith-web/kith/internal/text"
)

// moved is what --json prints of an import or export.
type moved struct {
	Documents int   `json:"documents"`
	Unchanged int   `json:"unchanged"`
	Bytes     int64 `json:"bytes"`
}

func (p *program) dataImportCommand() *cobra.Command {
	var names, labels []string
	c := &cobra.Command{
		Use: "import <folder> [path]", Short: "Keep the files of a folder as documents",
		Long: `Keep the files of a folder as documents below a path, or at the top. Files that
are there already with the same size and time are left alone, so that an import
that was interrupted can be run again. Links and hidden files are left out.`,
		Example: "  kith data import ~/Pictures/2026 photos/2026 --for list:family",
		Args:    cobra.RangeArgs(1, 2),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			to := ""
			if len(args) == 2 {
				to = strings.Trim(args[1], "/")
			}
			done, err := p.importFolder(ctx, client, args[0], to, names, labels)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(done)
			}
			p.note("%s kept, %d unchanged", text.Count(done.Documents, "%d document", "%d documents"), done.Unchanged)
			return nil
		}),
	}
	c.Flags().StringArrayVar(&names, "for", nil, "who may see them: a friend, list:NAME, all or nobody (again for more)")
	c.Flags().StringArrayVar(&labels, "label", nil, "a label (again for more)")
	return p.jsonFlag(c)
}

func (p *program) importFolder(ctx context.Context, client *api.Client, folder, to string, names, labels []string) (done moved, err error) {
	known := map[string]sharing.Document{}
	list, err := client.Documents(ctx, "", to, "")
	if err != nil {
		return done, err
	}
	for _, d := range list {
		known[d.Path] = d
	}
	bar := p.newBar("importing")
	defer bar.end()
	err = filepath.WalkDir(folder, func(name string, e fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return firstError(err, ctx.Err())
		}
		if name != folder && strings.HasPrefix(e.Name(), ".") {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() {
			return nil
		}
		relative, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		target := path.Join(to, filepath.ToSlash(relative))
		info, err := e.Info()
		if err != nil {
			return err
		}
		if d, ok := known[target]; ok && d.Size == info.Size() && !info.ModTime().After(d.Modified) {
			done.Unchanged++
			return nil
		}
		err = putFile(ctx, client, name, sharing.Put{
			Path: target, Labels: labels, Size: info.Size(), Type: mime.TypeByExtension(filepath.Ext(name)),
		}, names)
		done.Documents++
		done.Bytes += info.Size()
		bar.at(done.Bytes, 0)
		return err
	})
	return done, err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func putFile(ctx context.Context, client *api.Client, name string, put sharing.Put, names []string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	put.Body = f
	_, err = client.PutDocument(ctx, put, names)
	return err
}

func (p *program) dataExportCommand() *cobra.Command {
	var overwrite bool
	c := &cobra.Command{
		Use: "export <path> <folder>", Short: "Write documents to a folder as files",
		Example: "  kith data export photos/ backup/photos",
		Args:    exactly(2, "the path of documents and a folder"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			done, err := p.exportFolder(ctx, client, strings.Trim(args[0], "/"), args[1], overwrite)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(done)
			}
			p.note("%s written, %d unchanged", text.Count(done.Documents, "%d file", "%d files"), done.Unchanged)
			return nil
		}),
	}
	c.Flags().BoolVar(&overwrite, "overwrite", false, "replace files that differ")
	return p.jsonFlag(c)
}

func (p *program) exportFolder(ctx context.Context, client *api.Client, prefix, folder string, overwrite bool) (done moved, err error) {
	list, err := client.Documents(ctx, "", prefix, "")
	if err != nil {
		return done, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return done, err
	}
	root, err := os.OpenRoot(folder) // no name of a document leads out of it
	if err != nil {
		return done, err
	}
	defer func() { _ = root.Close() }()
	bar := p.newBar("exporting")
	defer bar.end()
	var total int64
	for _, d := range list {
		total += d.Size
	}
	for _, d := range list {
		name := strings.TrimPrefix(strings.TrimPrefix(d.Path, prefix), "/")
		if name == "" {
			name = path.Base(d.Path)
		}
		written, err := exportFile(ctx, client, root, name, d, overwrite)
		if err != nil {
			return done, err
		}
		if !written {
			done.Unchanged++
			continue
		}
		done.Documents++
		done.Bytes += d.Size
		bar.at(done.Bytes, total)
	}
	return done, nil
}

// exportFile writes one document below root, whole or not at all.
func exportFile(ctx context.Context, client *api.Client, root *os.Root, name string, d sharing.Document, overwrite bool) (written bool, err error) {
	local := filepath.FromSlash(name)
	if !filepath.IsLocal(local) {
		return false, fault.New(fault.Invalid, "%q is no name for a file", printable(name))
	}
	if info, err := root.Stat(local); err == nil {
		if info.Size() == d.Size && info.ModTime().Equal(d.Modified.Truncate(time.Second)) {
			return false, nil
		}
		if !overwrite {
			return false, fault.New(fault.Conflict, "%s is there already, and differs", filepath.Join(root.Name(), local)).
				WithHint("give --overwrite, or another folder")
		}
	}
	if err := root.MkdirAll(filepath.Dir(local), 0o700); err != nil {
		return false, err
	}
	resp, err := client.OpenDocument(ctx, d.App, d.Path)
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }()
	part := local + ".part"
	f, err := root.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return false, err
	}
	_, err = f.ReadFrom(resp.Body)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	at := d.Modified.Truncate(time.Second)
	err = firstError(err, root.Chtimes(part, at, at))
	if err == nil {
		err = root.Rename(part, local)
	}
	if err != nil {
		_ = root.Remove(part)
	}
	return err == nil, err
}

func (p *program) receiptsCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use: "receipts", Short: "List who was asked to erase what, and who confirmed it", Args: cobra.NoArgs,
		RunE: p.withNode(func(ctx context.Context, client *api.Client, _ []string) error {
			st, err := client.SharingState(ctx)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(st.Receipts)
			}
			for _, r := range st.Receipts {
				var who fmt.Stringer = text.Of("%s", printable(r.Friend))
				if r.Friend == "" {
					who = text.Count(r.Friends, "%d friend", "%d friends") // names and paths are erased when all have answered
				}
				p.say("%s  %-11s  %s  %s", r.Asked.Local().Format(time.DateTime), r.State, who,
					clip(printable(strings.Join(r.Paths, ", ")), 60))
			}
			return nil
		}),
	})
}
