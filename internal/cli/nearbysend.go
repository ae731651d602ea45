package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/nearby/transfer"
	"github.com/kith-web/kith/internal/text"
)

func (p *program) sendCommand() *cobra.Command {
	var r nearby.SendRequest
	var name string
	var retry int
	c := &cobra.Command{
		Use:   "send <path>… [device…]",
		Short: "Send files and folders to devices nearby",
		Long: `Send files and folders to one device or several. Several receivers pass on to
each other what they have, so that a large file reaches a class in little more
time than one.

A device that goes away is waited for, and sent the rest when it is back. What was
interrupted for longer goes on where it stopped when the same is sent again. The
exit codes are those of 'kith nearby'.`,
		Example: "  kith nearby send holiday/ bob\n  kith nearby send film.mkv --to bob --to carol\n" +
			"  kith nearby send report.pdf --to bob --code 123456",
		Args: cobra.MinimumNArgs(1),
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		paths, devices, err := pathsAndDevices(args, r.To)
		if err != nil {
			return err
		}
		r.Paths = paths
		if c.Flags().Changed("retry") {
			if r.Retry = retry; retry <= 0 {
				r.Retry = -1
			}
		}
		h, end, err := p.openHub(c.Context(), name)
		if err != nil {
			return err
		}
		defer end()
		if r.To = devices; len(devices) == 0 {
			if r.To, err = p.chooseDevice(c.Context(), h); err != nil {
				return err
			}
		}
		return p.send(c.Context(), h, r)
	}
	c.Flags().StringArrayVar(&r.To, "to", nil, "name of a device (again for more)")
	c.Flags().StringVar(&r.Code, "code", "", "a code that the other device was given too")
	c.Flags().StringVar(&name, "name", "", "what this device calls itself")
	c.Flags().IntVar(&r.Wait, "wait", 0, "how many seconds to look for a device (default 30)")
	c.Flags().IntVar(&retry, "retry", 0, "how many seconds to wait for a device that went away; 0: not at all (default: as configured, 120)")
	c.Flags().BoolVar(&r.NoTCP, "no-tcp", false, "send over QUIC alone")
	return p.jsonFlag(c)
}

// pathsAndDevices takes the arguments apart: what does not exist as a path, at
// the end and without --to, is a device.
func pathsAndDevices(args, to []string) (paths, devices []string, err error) {
	devices = to
	for i, arg := range args {
		if _, statErr := os.Stat(arg); statErr != nil && len(to) == 0 && i > 0 && !strings.ContainsRune(arg, filepath.Separator) {
			devices = append(devices, args[i:]...)
			break
		}
		abs, err := filepath.Abs(arg)
		if err != nil {
			return nil, nil, err
		}
		paths = append(paths, abs)
	}
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return nil, nil, fault.New(fault.KindOf(err), "cannot send %q: %w", path, err).WithHint("check the path")
		}
	}
	return paths, devices, nil
}

// chooseDevice asks the person which device is meant.
func (p *program) chooseDevice(ctx context.Context, h hub) ([]string, error) {
	if p.json || !isTerminal(p.Err) {
		return nil, fault.New(fault.Invalid, "no device was named").WithHint("say which with --to; 'kith nearby' lists them")
	}
	p.note("looking for devices…")
	st, err := h.NearbyState(ctx)
	for err == nil {
		var near []nearby.Device
		for _, d := range st.Devices {
			if d.Near {
				near = append(near, d)
			}
		}
		if len(near) > 0 {
			return p.pick(ctx, near)
		}
		st, err = h.NearbyChanged(ctx, st.Version)
	}
	return nil, err
}

func (p *program) pick(ctx context.Context, near []nearby.Device) ([]string, error) {
	for i, d := range near {
		p.note("%3d  %s", i+1, printable(d.Name))
	}
	text, err := p.readLine(ctx, "send to which (numbers, or enter for 1): ")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, word := range strings.FieldsFunc(text+" ", func(r rune) bool { return r == ' ' || r == ',' }) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > len(near) {
			return nil, fault.New(fault.Invalid, "there is no number %q", word)
		}
		ids = append(ids, near[n-1].ID)
	}
	if len(ids) == 0 {
		ids = []string{near[0].ID}
	}
	return ids, nil
}

// sendOutput is what --json prints.
type sendOutput struct {
	Transfers []nearby.Transfer `json:"transfers"`
	Skipped   []string          `json:"skipped,omitempty"`
}

func (p *program) send(ctx context.Context, h hub, r nearby.SendRequest) error {
	prompts, stop := p.answerPrompts(ctx, h)
	defer stop()
	sent, err := h.NearbySend(ctx, r)
	if err != nil {
		return err
	}
	for _, name := range sent.Skipped {
		p.note("not sent, as it is neither a file nor a folder: %s", printable(name))
	}
	mine := map[string]bool{}
	for _, id := range sent.Transfers {
		mine[id] = true
	}
	list, err := p.follow(ctx, h, prompts, func(t nearby.Transfer) bool { return mine[t.ID] }, len(mine))
	if err != nil {
		return err
	}
	if p.json {
		if err := p.printJSON(sendOutput{list, sent.Skipped}); err != nil {
			return err
		}
	}
	return p.conclude(list)
}

// follow shows the progress of transfers until n of them ended, and returns
// those. When the command is stopped, so are they.
func (p *program) follow(
	ctx context.Context, h hub, prompts <-chan error, mine func(nearby.Transfer) bool, n int,
) ([]nearby.Transfer, error) {
	b := p.newBar("sending")
	defer b.end()
	var running []string
	away := map[string]bool{}
	version := uint64(0)
	for {
		st, err := h.NearbyChanged(ctx, version)
		select {
		case promptErr := <-prompts:
			err = errors.Join(err, promptErr)
		default:
		}
		if err != nil {
			for _, id := range running {
				_ = h.NearbyCancel(context.WithoutCancel(ctx), id)
			}
			return nil, err
		}
		version = st.Version
		var ended []nearby.Transfer
		var done, total int64
		running = running[:0]
		p.tellWaiting(b, st.Transfers, mine, away)
		for _, t := range st.Transfers {
			if !mine(t) {
				continue
			}
			done, total = done+t.Done, total+t.Total
			if t.Ended != nil {
				ended = append(ended, t)
			} else {
				running = append(running, t.ID)
			}
		}
		if done > 0 {
			b.at(done, total)
		}
		if len(ended) >= n && len(running) == 0 {
			return ended, nil
		}
	}
}

// tellWaiting says once which device went away and is waited for; away remembers.
func (p *program) tellWaiting(b *bar, list []nearby.Transfer, mine func(nearby.Transfer) bool, away map[string]bool) {
	for _, t := range list {
		if !mine(t) {
			continue
		}
		switch {
		case t.State == nearby.StateWaiting && !away[t.ID]:
			away[t.ID] = true
			b.end()
			p.note("waiting for %s to come back", printable(t.Name))
		case t.State == transfer.StateMoving:
			away[t.ID] = false
		}
	}
}

// conclude says how transfers ended, and makes one error of theirs.
func (p *program) conclude(list []nearby.Transfer) error {
	var failed []nearby.Transfer
	for _, t := range list {
		if t.Error != nil {
			failed = append(failed, t)
			if len(list) > 1 && !p.json {
				p.note("%s: %s", printable(t.Name), t.Error.Message)
			}
			continue
		}
		if !p.json {
			p.note("%s: %s, %s %s", printable(t.Name), text.Count(t.Result.Files, "%d file", "%d files"), bytesText(t.Done), speed(t))
		}
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(failed) == len(list) && sameKind(failed):
		return failed[0].Error.Err()
	}
	return fault.New(fault.Partial, "%d of %d devices did not get everything", len(failed), len(list)).
		WithHint("send again: what arrived is not sent twice")
}

func sameKind(list []nearby.Transfer) bool {
	for _, t := range list {
		if t.Error.Kind != list[0].Error.Kind {
			return false
		}
	}
	return true
}

// speed says how fast a transfer was.
func speed(t nearby.Transfer) text.Phrase {
	took := t.Ended.Sub(t.Started)
	said := text.Of("in %s s", text.Decimal{Value: took.Seconds(), Digits: 1})
	if t.Resumed > 0 {
		said = text.Of("%s, %s of it were there", said, bytesText(t.Resumed))
	}
	if t.State == transfer.StateDone && took > 0 {
		said = text.Of("%s, %s", said, rate(int64(float64(t.Done-t.Resumed)/took.Seconds())))
	}
	return said
}
