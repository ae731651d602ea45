package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/transfer"
)

func TestAFolderArrivesAsItWas(t *testing.T) {
	for name, tcp := range map[string]bool{"over TCP": true, "over the session": false} {
		t.Run(name, func(t *testing.T) {
			from, to, src := newDevice(t), newDevice(t), filepath.Join(t.TempDir(), "photos")
			fill(t, filepath.Join(src, "big.bin"), 5<<20+17, 1)
			fill(t, filepath.Join(src, "exact.bin"), 2<<20, 2)
			fill(t, filepath.Join(src, "deep", "er", "one"), 1, 3)
			fill(t, filepath.Join(src, "empty"), 0, 4)
			if err := os.MkdirAll(filepath.Join(src, "nothing"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(filepath.Join(src, "deep", "er", "one"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("/etc/passwd", filepath.Join(src, "link")); err != nil {
				t.Fatal(err)
			}
			old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
			if err := os.Chtimes(filepath.Join(src, "big.bin"), old, old); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			a := transfer.AcceptOptions{Dir: dir}
			if tcp {
				a.Bulk = to.bulk
			}
			x, y := sessions(from, to)
			got := receive(t.Context(), y, a)
			source := scan(t, src)
			sent, err := transfer.NewPush(source, transfer.PushOptions{Certificate: from.cert}).To(t.Context(), x, nil)
			if err != nil {
				t.Fatal(err)
			}
			r := <-got
			if r.err != nil || r.result.TCP != tcp || sent.TCP != tcp || sent.Bytes != source.Total() || r.result.Bytes != source.Total() {
				t.Errorf("sent %+v, received %+v", sent, r)
			}
			want := tree(t, filepath.Dir(src))
			delete(want, "photos/link")
			sameTree(t, want, tree(t, dir))
			info, err := os.Stat(filepath.Join(dir, "photos", "big.bin"))
			if err != nil || !info.ModTime().Equal(old) {
				t.Errorf("modified %v, %v", info.ModTime(), err)
			}
			if info, err := os.Stat(filepath.Join(dir, "photos", "deep", "er", "one")); err != nil || info.Mode()&0o100 == 0 {
				t.Errorf("the program cannot be run: %v, %v", info, err)
			}
			if len(source.Skipped) != 1 {
				t.Errorf("skipped %q", source.Skipped)
			}
		})
	}
}

func TestNothingIsOverwrittenUnlessTold(t *testing.T) {
	from, to, dir := newDevice(t), newDevice(t), t.TempDir()
	src := filepath.Join(t.TempDir(), "a.txt")
	fill(t, src, 100, 1)
	for i, overwrite := range []bool{false, false, true} {
		x, y := sessions(from, to)
		got := receive(t.Context(), y, transfer.AcceptOptions{Dir: dir, Bulk: to.bulk, Overwrite: overwrite})
		if _, err := transfer.NewPush(scan(t, src), transfer.PushOptions{Certificate: from.cert}).To(t.Context(), x, nil); err != nil {
			t.Fatal(err)
		}
		r := <-got
		if want := []string{"a.txt", "a (2).txt", "a.txt"}[i]; r.err != nil || r.result.Names["a.txt"] != want {
			t.Errorf("attempt %d: %+v, want the name %q", i, r, want)
		}
	}
	if got := tree(t, dir); len(got) != 2 {
		t.Errorf("there are %d files", len(got))
	}
}

func TestABrokenTransferGoesOn(t *testing.T) {
	from, to, dir := newDevice(t), newDevice(t), t.TempDir()
	src := filepath.Join(t.TempDir(), "film.bin")
	fill(t, src, 40<<20+5, 1)
	ctx, cancel := context.WithCancel(t.Context())
	x, y := sessions(from, to)
	y.valve = &valve{left: 12 << 20, opened: ctx.Done()} // not all of it arrives before the end
	var once sync.Once
	got := receive(t.Context(), y, transfer.AcceptOptions{Dir: dir, Watch: func(p transfer.Progress) {
		if p.Done > 4<<20 {
			once.Do(cancel)
		}
	}})
	_, err := transfer.NewPush(scan(t, src), transfer.PushOptions{Certificate: from.cert}).To(ctx, x, nil)
	r := <-got
	if fault.KindOf(err) != fault.Canceled {
		t.Errorf("the sender ended with %v", err)
	}
	var said *transfer.Ended
	if !errors.As(r.err, &said) || said.Reason != transfer.Canceled {
		t.Errorf("the receiver ended with %v", r.err)
	}
	for name := range tree(t, dir) {
		if !strings.HasSuffix(name, ".kith-part") && !strings.HasSuffix(name, ".journal") {
			t.Errorf("%s looks whole", name)
		}
	}
	x, y = sessions(from, to)
	got = receive(t.Context(), y, transfer.AcceptOptions{Dir: dir, Bulk: to.bulk})
	if _, err := transfer.NewPush(scan(t, src), transfer.PushOptions{Certificate: from.cert}).To(t.Context(), x, nil); err != nil {
		t.Fatal(err)
	}
	if r = <-got; r.err != nil || r.result.Resumed < 4<<20 {
		t.Errorf("resumed %+v", r)
	}
	sameTree(t, tree(t, filepath.Dir(src)), tree(t, dir))
}

func TestAFileThatChangedIsNotTakenForTheOld(t *testing.T) {
	from, to, dir, src := newDevice(t), newDevice(t), t.TempDir(), filepath.Join(t.TempDir(), "s")
	fill(t, filepath.Join(src, "a"), 3<<20, 1)
	fill(t, filepath.Join(src, "b"), 10, 2)
	source := scan(t, src)
	fill(t, filepath.Join(src, "b"), 11, 3) // after it was offered
	x, y := sessions(from, to)
	got := receive(t.Context(), y, transfer.AcceptOptions{Dir: dir, Bulk: to.bulk})
	sent, err := transfer.NewPush(source, transfer.PushOptions{Certificate: from.cert}).To(t.Context(), x, nil)
	r := <-got
	if fault.KindOf(err) != fault.Partial || fault.KindOf(r.err) != fault.Partial || sent.Failed["s/b"] == "" || r.result.Failed["s/b"] == "" {
		t.Errorf("sent %+v, %v; received %+v", sent, err, r)
	}
	names := tree(t, dir)
	if len(names) != 2 || len(names["s/a"]) != 3<<20 {
		t.Errorf("there are %d names", len(names))
	}
}

func TestTheReceiverMayDeclineAndSkip(t *testing.T) {
	from, to, dir, src := newDevice(t), newDevice(t), t.TempDir(), filepath.Join(t.TempDir(), "s")
	fill(t, filepath.Join(src, "a"), 10, 1)
	fill(t, filepath.Join(src, "b"), 10, 2)
	x, y := sessions(from, to)
	go func() {
		if o, err := transfer.Receive(t.Context(), y, 0); err == nil {
			_ = o.Decline(transfer.Declined)
		}
	}()
	_, err := transfer.NewPush(scan(t, src), transfer.PushOptions{Certificate: from.cert}).To(t.Context(), x, nil)
	if fault.KindOf(err) != fault.Forbidden {
		t.Errorf("declined: %v", err)
	}
	x, y = sessions(from, to)
	got := receive(t.Context(), y, transfer.AcceptOptions{Dir: dir, Bulk: to.bulk, Skip: []int{1}}) // s, s/a, s/b
	if _, err := transfer.NewPush(scan(t, src), transfer.PushOptions{Certificate: from.cert}).To(t.Context(), x, nil); err != nil {
		t.Fatal(err)
	}
	if r := <-got; r.err != nil || r.result.Files != 2 {
		t.Errorf("%+v", r)
	}
	if got := tree(t, dir); len(got) != 2 || got["s/a"] != "" {
		t.Errorf("%d names", len(got))
	}
}

func TestReceiversOfAGroupShare(t *testing.T) {
	const n = 4
	from, src := newDevice(t), filepath.Join(t.TempDir(), "class")
	fill(t, filepath.Join(src, "film"), 24<<20+1, 1)
	for i := range 50 {
		fill(t, filepath.Join(src, fmt.Sprintf("n%d", i)), int64(i*100), uint64(i+2))
	}
	want := tree(t, filepath.Dir(src))
	push := transfer.NewPush(scan(t, src), transfer.PushOptions{Certificate: from.cert, Group: n})
	var all sync.WaitGroup
	for range n {
		to, dir := newDevice(t), t.TempDir()
		x, y := sessions(from, to)
		got := receive(t.Context(), y, transfer.AcceptOptions{Dir: dir, Bulk: to.bulk})
		all.Go(func() {
			if _, err := push.To(t.Context(), x, nil); err != nil {
				t.Errorf("send: %v", err)
			}
			if r := <-got; r.err != nil {
				t.Errorf("receive: %v", r.err)
			}
			sameTree(t, want, tree(t, dir))
		})
	}
	all.Wait()
}

func TestAGroupSurvivesOneThatLeaves(t *testing.T) {
	const n = 3
	from, src := newDevice(t), filepath.Join(t.TempDir(), "film")
	fill(t, src, 60<<20, 1)
	want := tree(t, filepath.Dir(src))
	push := transfer.NewPush(scan(t, src), transfer.PushOptions{Certificate: from.cert, Group: n})
	var all sync.WaitGroup
	for i := range n {
		to, dir := newDevice(t), t.TempDir()
		x, y := sessions(from, to)
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		a := transfer.AcceptOptions{Dir: dir, Bulk: to.bulk}
		if i == 0 {
			a.Watch = func(p transfer.Progress) {
				if p.State == transfer.StateMoving {
					cancel(transfer.ErrDiscard)
				}
			}
		}
		got := receive(ctx, y, a)
		all.Go(func() {
			_, err := push.To(t.Context(), x, nil)
			r := <-got
			if i == 0 {
				if left := tree(t, dir); r.err == nil || len(left) != 0 {
					t.Errorf("the one that left ended with %v and %d files", r.err, len(left))
				}
				return
			}
			if err != nil || r.err != nil {
				t.Errorf("receiver %d: sent %v, received %v", i, err, r.err)
			}
			sameTree(t, want, tree(t, dir))
		})
	}
	all.Wait()
}
