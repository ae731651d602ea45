package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/text"
)

// lookTime is how long 'kith nearby' looks for devices where no node runs that
// has looked already.
const lookTime = 2 * time.Second

const nearbyLong = `Find devices on the same network, and send files to them or take files from
them: encrypted, without a server and without the internet.

The first time, one device shows a code and the other types it. After that the
two know each other. Where a node runs ('kith up'), it does the work; where none
does, the command is a device of its own while it runs.

Exit codes: 0 all went well, 2 wrong usage, 3 only some of it did, 10 no such
device, 11 declined, or an impostor, 12 wrong code, 13 not unique, 16 too many
wrong codes, 17 the other device went away or did not answer, 18 bytes were
damaged, 19 the disk is full, 130 stopped.`

func (p *program) nearbyCommand() *cobra.Command {
	c := p.jsonFlag(&cobra.Command{
		Use:     "nearby",
		GroupID: groupUse,
		Short:   "Devices on this network: send and receive files, serve folders",
		Long:    nearbyLong,
		Example: "  kith nearby\n  kith nearby receive\n  kith nearby send holiday/ --to bob",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.listDevices(c.Context()) },
	})
	c.AddCommand(p.sendCommand(), p.receiveCommand(), p.pairCommand(), p.trustCommand(), p.forgetCommand(), p.serveCommand())
	return c
}

func (p *program) listDevices(ctx context.Context) error {
	h, end, err := p.openHub(ctx, "")
	if err != nil {
		return err
	}
	defer end()
	if _, own := h.(ownHub); own {
		select {
		case <-time.After(lookTime):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	st, err := h.NearbyState(ctx)
	if err != nil {
		return err
	}
	if p.json {
		return p.printJSON(st)
	}
	p.warn(st)
	if len(st.Devices) == 0 {
		p.note("no devices yet: run 'kith nearby receive' or 'kith up' on another computer of this network")
		return nil
	}
	w := p.table("NAME\tNEAR\tPAIRED\tTRUSTED\tID\tFINGERPRINT")
	for _, d := range st.Devices {
		paired := "-"
		if d.Paired != nil {
			paired = d.Paired.Format(time.DateOnly)
		}
		w.row("%s\t%s\t%s\t%s\t%s\t%s",
			clip(printable(d.Name), 32), yesNo(d.Near), paired, yesNo(d.Trusted), d.ID, d.Fingerprint)
	}
	return w.Flush()
}

// warn tells of devices that are not to be trusted.
func (p *program) warn(st nearby.State) {
	for _, d := range st.Devices {
		if d.Suspicious {
			p.note("careful: two devices say that they are %s", printable(d.Name))
		}
	}
	for _, w := range st.Warnings {
		p.note("%s: %s", w.At.Format(time.TimeOnly), printable(w.Text()))
	}
}

func yesNo(b bool) text.Phrase {
	if b {
		return text.Of("yes")
	}
	return text.Of("no")
}

func (p *program) forgetCommand() *cobra.Command {
	return &cobra.Command{
		Use: "forget <device>", Short: "Forget a paired device; it needs a code again",
		Args: exactly(1, "the name of a device"),
		RunE: func(c *cobra.Command, args []string) error {
			h, end, err := p.openHub(c.Context(), "")
			if err != nil {
				return err
			}
			defer end()
			if err := h.NearbyForget(c.Context(), args[0]); err != nil {
				return err
			}
			p.note("%s is forgotten", args[0])
			return nil
		},
	}
}

func (p *program) trustCommand() *cobra.Command {
	var off bool
	var name string
	c := &cobra.Command{
		Use: "trust <device>", Short: "Take files of a paired device without asking",
		Example: "  kith nearby trust bob\n  kith nearby trust bob --off\n  kith nearby trust bob --rename laptop",
		Args:    exactly(1, "the name of a device"),
		RunE: func(c *cobra.Command, args []string) error {
			h, end, err := p.openHub(c.Context(), "")
			if err != nil {
				return err
			}
			defer end()
			trusted := !off
			change := api.DeviceChange{Trusted: &trusted}
			if name != "" {
				change.Name = &name
			}
			d, err := h.NearbyChange(c.Context(), args[0], change)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(d)
			}
			if d.Trusted {
				p.note("files of %s are taken without asking", printable(d.Name))
			} else {
				p.note("files of %s are taken after asking", printable(d.Name))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&off, "off", false, "ask again")
	c.Flags().StringVar(&name, "rename", "", "what to call the device from now on")
	return p.jsonFlag(c)
}

func (p *program) pairCommand() *cobra.Command {
	var code, name string
	c := &cobra.Command{
		Use: "pair [device]", Short: "Make two devices know each other",
		Long: `Make two devices know each other. Without a device, this one shows a code and
waits; run it with the name of this one on the other device, and type the code
there.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			h, end, err := p.openHub(c.Context(), name)
			if err != nil {
				return err
			}
			defer end()
			var d nearby.Device
			if len(args) == 1 {
				d, err = p.pairWith(c.Context(), h, args[0], code)
			} else {
				d, err = p.awaitPair(c.Context(), h, code)
			}
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(d)
			}
			p.note("paired with %s", printable(d.Name))
			return nil
		},
	}
	c.Flags().StringVar(&code, "code", "", "a code that both devices are given")
	c.Flags().StringVar(&name, "name", "", "what this device calls itself")
	return p.jsonFlag(c)
}

func (p *program) pairWith(ctx context.Context, h hub, device, code string) (d nearby.Device, err error) {
	prompts, stop := p.answerPrompts(ctx, h)
	defer stop()
	d, err = h.NearbyPair(ctx, device, code)
	select {
	case promptErr := <-prompts:
		if err != nil {
			err = errors.Join(err, promptErr)
		}
	default:
	}
	return d, err
}

// awaitPair waits for a device that was not paired before.
func (p *program) awaitPair(ctx context.Context, h hub, code string) (nearby.Device, error) {
	code, err := p.showCode(code)
	if err != nil {
		return nearby.Device{}, err
	}
	st, err := h.NearbyState(ctx)
	if err != nil {
		return nearby.Device{}, err
	}
	before := map[string]bool{}
	for _, d := range st.Devices {
		before[d.ID] = d.Paired != nil
	}
	id, err := h.NearbyReceive(ctx, nearby.Reception{Code: code})
	if err != nil {
		return nearby.Device{}, err
	}
	defer func() { _ = h.NearbyStopReceiving(context.WithoutCancel(ctx), id) }()
	for {
		for _, d := range st.Devices {
			if d.Paired != nil && !before[d.ID] {
				return d, nil
			}
		}
		if st, err = h.NearbyChanged(ctx, st.Version); err != nil {
			return nearby.Device{}, err
		}
	}
}

// showCode prints a code for another person to type, a new one unless it is
// given.
func (p *program) showCode(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	code, qr, err := nearby.NewCode()
	if err != nil {
		return "", err
	}
	if isTerminal(p.Out) && !p.json {
		p.printQR(qr)
	}
	p.note("code: %s", code)
	return code, nil
}

// answerPrompts asks the person for the codes that devices ask for, beside what
// the command does, until stop.
func (p *program) answerPrompts(ctx context.Context, h hub) (failed <-chan error, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	errs, done := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(done)
		seen, version := map[string]bool{}, uint64(0)
		for {
			st, err := h.NearbyChanged(ctx, version)
			if err != nil {
				return
			}
			version = st.Version
			if err := p.answerNew(ctx, h, st.Prompts, seen); err != nil {
				errs <- err
				return
			}
		}
	}()
	return errs, func() {
		cancel()
		if !isTerminal(p.Err) { // one that waits for a person is left behind
			<-done
		}
	}
}

func (p *program) answerNew(ctx context.Context, h hub, prompts []nearby.Prompt, seen map[string]bool) error {
	for _, q := range prompts {
		if seen[q.ID] {
			continue
		}
		seen[q.ID] = true
		if q.Kind == "show" {
			p.note("code for %s: %s", printable(q.Device), q.Code)
			continue
		}
		code, err := p.readLine(ctx, "code that %s shows: ", printable(q.Device))
		if err == nil {
			err = h.NearbyPrompt(ctx, q.ID, code)
		}
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	return nil
}

// readLine asks the person for a line.
func (p *program) readLine(ctx context.Context, ask string, args ...any) (string, error) {
	_, _ = fmt.Fprint(p.Err, p.lang.Say(ask, args...))
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		said, err := bufio.NewReader(p.In).ReadString('\n')
		if errors.Is(err, io.EOF) && said != "" {
			err = nil
		}
		read <- line{strings.TrimSpace(said), err}
	}()
	select {
	case l := <-read:
		if l.err != nil {
			return "", fault.New(fault.Invalid, "nobody is there to answer").WithHint("say it on the command line: see --help")
		}
		return l.text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
