package cli

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
)

// patience is how long a command waits for a friend unless it is told.
const patience = 10 * time.Second

// friendPath splits "alice/photos/1".
func friendPath(arg string) (friend, path string) {
	friend, path, _ = strings.Cut(arg, "/")
	return friend, "/" + path
}

// friendListing is what a friend answers to a listing.
type friendListing struct {
	Items []struct {
		Path     string   `json:"path"`
		Type     string   `json:"type"`
		Size     int64    `json:"size"`
		ETag     string   `json:"etag"`
		Modified int64    `json:"modified"`
		Labels   []string `json:"labels"`
	} `json:"items"`
	Cursor string `json:"cursor"`
}

func (p *program) friendListCommand() *cobra.Command {
	var wait time.Duration
	c := &cobra.Command{
		Use: "ls <friend>[/path]", Short: "List what a friend lets you see",
		Example: "  kith friend ls alice\n  kith friend ls alice/photos --wait 1m",
		Args:    exactly(1, "a friend, or a friend and a path"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			friend, path := friendPath(args[0])
			if !strings.HasSuffix(path, "/") {
				path += "/"
			}
			resp, err := p.askFriend(ctx, client, friend, path, nil, wait)
			if err != nil {
				return err
			}
			defer func() { _ = resp.Body.Close() }()
			if p.json {
				_, err := io.Copy(p.Out, resp.Body)
				return err
			}
			var list friendListing
			if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<20)).Decode(&list); err != nil {
				return fault.New(fault.Corrupt, "%s answered with a list that cannot be read: %w", friend, err)
			}
			return p.printListing(friend, list)
		}),
	}
	c.Flags().DurationVar(&wait, "wait", patience, "how long to wait for an answer")
	return p.jsonFlag(c)
}

func (p *program) printListing(friend string, list friendListing) error {
	if len(list.Items) == 0 {
		p.note("%s lets you see nothing there", friend)
		return nil
	}
	w := p.table("SIZE\tCHANGED\tTYPE\tPATH")
	for _, d := range list.Items {
		w.row("%s\t%s\t%s\t%s", bytesText(d.Size), time.UnixMilli(d.Modified).Local().Format(time.DateTime),
			clip(printable(d.Type), 40), printable(d.Path))
	}
	return w.Flush()
}

// askFriend asks and turns a question that nobody answered yet into an error that
// says what happens with it.
func (p *program) askFriend(ctx context.Context, client *api.Client, friend, path string, header http.Header, wait time.Duration) (*http.Response, error) {
	end := p.showWaiting(friend)
	resp, err := client.AskFriend(ctx, friend, path, header, wait)
	end()
	if err != nil || resp.StatusCode != http.StatusAccepted {
		return resp, err
	}
	_ = resp.Body.Close()
	return nil, fault.New(fault.Unreachable, "%s has not answered within %s", friend, duration(wait)).
		WithHint("the question waits for one of their devices; run the same command again later, or with a longer --wait")
}

// showWaiting shows that a friend is waited for, until end.
func (p *program) showWaiting(friend string) (end func()) {
	done, shown := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(shown)
		b := p.newBar("waiting for %s", printable(friend))
		defer b.end()
		every := 500 * time.Millisecond
		if b.lines {
			every = lineEvery
		}
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				b.at(0, 0)
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-shown
	}
}

// shownReader shows how much of a body was read.
type shownReader struct {
	io.ReadCloser
	bar         *bar
	done, total int64
}

func (r *shownReader) Read(b []byte) (int, error) {
	n, err := r.ReadCloser.Read(b)
	r.done += int64(n)
	r.bar.at(r.done, r.total)
	return n, err
}

func (p *program) friendGetCommand() *cobra.Command {
	var out string
	var wait time.Duration
	c := &cobra.Command{
		Use: "get <friend>/<path>", Short: "Fetch a document from a friend",
		Long: `Fetch a document from a friend and write it to standard output, or with -o to a
file. The friend's own devices answer; where none is there, the question waits
for them, and the same command takes the answer later. What was fetched is kept,
sealed, until its owner deletes it or it could not be checked with them for a
while ('kith friend forget' erases it at once).`,
		Example: "  kith friend get alice/photos/1 -o photo.jpg --wait 1m",
		Args:    exactly(1, "a friend and a path, such as alice/photos/1"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			friend, path := friendPath(args[0])
			resp, err := p.askFriend(ctx, client, friend, path, nil, wait)
			if err != nil {
				return err
			}
			b := p.newBar("fetching")
			defer b.end()
			return p.write(&shownReader{ReadCloser: resp.Body, bar: b, total: max(resp.ContentLength, 0)}, out)
		}),
	}
	c.Flags().StringVarP(&out, "output", "o", "", "write to this file")
	c.Flags().DurationVar(&wait, "wait", patience, "how long to wait for an answer")
	return c
}

// write writes a body to a file, or to standard output where none is named, and
// closes it.
func (p *program) write(body io.ReadCloser, file string) error {
	defer func() { _ = body.Close() }()
	if file == "" {
		_, err := io.Copy(p.Out, body)
		return err
	}
	return writeWhole(file, body)
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(name string, from io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

func (p *program) friendForgetCommand() *cobra.Command {
	return &cobra.Command{
		Use: "forget <friend>[/path]", Short: "Erase the copies of what a friend sent",
		Args: exactly(1, "a friend, or a friend and a path"),
		RunE: p.withNode(func(ctx context.Context, client *api.Client, args []string) error {
			friend, path := friendPath(args[0])
			return client.ForgetCopy(ctx, friend, path)
		}),
	}
}
