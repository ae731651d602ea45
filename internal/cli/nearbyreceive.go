package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/text"
)

func (p *program) receiveCommand() *cobra.Command {
	var r nearby.Reception
	var name string
	var retry int
	c := &cobra.Command{
		Use:   "receive",
		Short: "Take files from devices nearby",
		Long: `Be found by the devices of this network, and take files from them. A device that
is not paired yet needs the code that is shown. Each offer is asked about, unless
the device is trusted, or --yes or --code is given.

Nothing that is there is overwritten: a second photo.jpg becomes photo (2).jpg.
Files that are not whole have names that end in .kith-part. The exit codes are
those of 'kith nearby'.`,
		Example: "  kith nearby receive\n  kith nearby receive --once --into DIR --code 123456 --name bob",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			h, end, err := p.openHub(c.Context(), name)
			if err != nil {
				return err
			}
			defer end()
			return p.receive(c.Context(), h, r, time.Duration(retry)*time.Second)
		},
	}
	c.Flags().BoolVar(&r.Once, "once", false, "end after the first offer")
	c.Flags().IntVar(&retry, "retry", int(nearby.DefaultRetryTime/time.Second), "with --once, how many seconds to wait for a sender that went away")
	c.Flags().StringVar(&r.Into, "into", "", "the folder for what arrives (default: as configured, else the folder for downloads)")
	c.Flags().StringVar(&r.Code, "code", "", "a code that the sender is given too; whoever knows it may send")
	c.Flags().StringVar(&name, "name", "", "what this device calls itself")
	c.Flags().BoolVarP(&r.Yes, "yes", "y", false, "take everything that paired devices send")
	c.Flags().BoolVar(&r.Overwrite, "overwrite", false, "replace files of the same name")
	return p.jsonFlag(c)
}

// receiver follows what arrives.
type receiver struct {
	p        *program
	h        hub
	r        nearby.Reception
	bar      *bar
	old      map[string]bool // transfers that were there before, or that were told
	answered map[string]bool // offers
	patience time.Duration
	lost     error     // how the transfer ended whose sender is waited for; nil for none
	until    time.Time // how long
}

func (p *program) receive(ctx context.Context, h hub, r nearby.Reception, patience time.Duration) (err error) {
	if r.Into != "" {
		if r.Into, err = filepath.Abs(r.Into); err != nil {
			return err
		}
		if err := os.MkdirAll(r.Into, 0o755); err != nil {
			return fault.New(fault.KindOf(err), "cannot receive into %q: %w", r.Into, err)
		}
	}
	r.Yes = r.Yes || r.Code != ""
	if r.Code, err = p.showCode(r.Code); err != nil {
		return err
	}
	st, err := h.NearbyState(ctx)
	if err != nil {
		return err
	}
	w := &receiver{
		p: p, h: h, r: r, bar: p.newBar("receiving"), old: map[string]bool{}, answered: map[string]bool{}, patience: patience,
	}
	defer w.bar.end()
	for _, t := range st.Transfers {
		w.old[t.ID] = true
	}
	id, err := h.NearbyReceive(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = h.NearbyStopReceiving(context.WithoutCancel(ctx), id) }()
	p.note("waiting for files as %s", printable(st.Name))
	return w.run(ctx, st)
}

func (w *receiver) run(ctx context.Context, st nearby.State) error {
	for {
		if err := w.answer(ctx, st.Offers); err != nil {
			return err
		}
		if ended, err := w.show(st.Transfers); ended {
			return err
		}
		next, err := w.next(ctx, st.Version)
		if err != nil {
			for _, t := range st.Transfers {
				if t.Direction == nearby.Receiving && t.Ended == nil && !w.old[t.ID] {
					_ = w.h.NearbyCancel(context.WithoutCancel(ctx), t.ID)
				}
			}
			return err
		}
		st = next
	}
}

// next waits for another state, and no longer than a sender that went away is
// waited for.
func (w *receiver) next(ctx context.Context, version uint64) (nearby.State, error) {
	if w.lost == nil {
		return w.h.NearbyChanged(ctx, version)
	}
	within, cancel := context.WithDeadline(ctx, w.until)
	defer cancel()
	st, err := w.h.NearbyChanged(within, version)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		err = w.lost
	}
	return st, err
}

// answer asks about offers.
func (w *receiver) answer(ctx context.Context, offers []nearby.Offer) error {
	for _, o := range offers {
		if w.answered[o.ID] {
			continue
		}
		w.answered[o.ID] = true
		a := nearby.Answered{Overwrite: w.r.Overwrite}
		switch {
		case isTerminal(w.p.Err) && !w.p.json:
			w.bar.end()
			said, err := w.p.readLine(ctx, "take %s (%s) from %s into %s? [y/N] ",
				w.describe(o), bytesText(o.Total), printable(o.Name), o.Into)
			if err != nil {
				return err
			}
			a.Accept = w.p.isYes(said)
		default:
			w.p.note("%s wants to send %s, and nobody is there to agree: use --yes, or 'kith nearby trust %s'",
				printable(o.Name), w.describe(o), printable(o.Name))
		}
		if err := w.h.NearbyOffer(ctx, o.ID, a); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	return nil
}

func (w *receiver) describe(o nearby.Offer) fmt.Stringer {
	if o.Count == 1 && len(o.Files) == 1 {
		return text.Of("%s", printable(o.Files[0].Path))
	}
	return text.Count(o.Count, "%d file", "%d files")
}

// show shows how far things are, and tells those that ended. With --once the
// first end is the command's.
func (w *receiver) show(list []nearby.Transfer) (end bool, err error) {
	var done, total int64
	for _, t := range list {
		if t.Direction != nearby.Receiving || w.old[t.ID] {
			continue
		}
		if t.Ended == nil {
			done, total, w.lost = done+t.Done, total+t.Total, nil
			continue
		}
		w.old[t.ID] = true
		w.bar.end()
		if w.waits(t) {
			continue
		}
		err = w.tell(t)
		if w.r.Once {
			return true, err
		}
		if err != nil {
			w.p.complain(err)
		}
	}
	if done > 0 {
		w.bar.at(done, total)
	}
	return false, nil
}

// waits decides whether to go on waiting for the sender of a transfer that ended.
func (w *receiver) waits(t nearby.Transfer) bool {
	if !w.r.Once || w.patience <= 0 || t.Error == nil || t.Error.Kind != fault.Unreachable || t.Done == 0 {
		return false
	}
	w.lost, w.until = t.Error.Err(), time.Now().Add(w.patience)
	w.p.note("waiting for %s to come back", printable(t.Name))
	return true
}

func (w *receiver) tell(t nearby.Transfer) error {
	var err error
	if w.p.json {
		err = w.p.printJSON(t)
	} else if t.Error == nil && t.Result != nil {
		for _, name := range t.Result.Names {
			w.p.say("%s", printable(filepath.Join(t.Into, filepath.FromSlash(name))))
		}
		w.p.note("from %s: %s, %s %s", printable(t.Name), text.Count(t.Result.Files, "%d file", "%d files"), bytesText(t.Done), speed(t))
	}
	return errors.Join(err, t.Error.Err())
}
