package cli

import (
	"context"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/nearby/serve"
	"github.com/kith-web/kith/internal/node"
)

// hub is this device among those nearby: the running node's, or one of the
// command's own for as long as it runs.
type hub interface {
	NearbyState(ctx context.Context) (nearby.State, error)
	NearbyChanged(ctx context.Context, version uint64) (nearby.State, error)
	NearbyPair(ctx context.Context, device, code string) (nearby.Device, error)
	NearbyPrompt(ctx context.Context, id, code string) error
	NearbyChange(ctx context.Context, id string, change api.DeviceChange) (nearby.Device, error)
	NearbyForget(ctx context.Context, id string) error
	NearbySend(ctx context.Context, r nearby.SendRequest) (nearby.Sent, error)
	NearbyOffer(ctx context.Context, id string, a nearby.Answered) error
	NearbyCancel(ctx context.Context, id string) error
	NearbyReceive(ctx context.Context, r nearby.Reception) (string, error)
	NearbyStopReceiving(ctx context.Context, id string) error
	NearbyServe(ctx context.Context, v serve.Serve) error
	NearbyUnserve(ctx context.Context, name string) error
}

var (
	_ hub = (*api.Client)(nil)
	_ hub = ownHub{}
)

// ownHub is a device without a node.
type ownHub struct{ n *node.Nearby }

func (h ownHub) NearbyState(context.Context) (nearby.State, error) { return h.n.State(), nil }

func (h ownHub) NearbyChanged(ctx context.Context, version uint64) (nearby.State, error) {
	return h.n.Changed(ctx, version)
}

func (h ownHub) NearbyPair(ctx context.Context, device, code string) (nearby.Device, error) {
	return h.n.Pair(ctx, device, code)
}

func (h ownHub) NearbyPrompt(_ context.Context, id, code string) error { return h.n.Answer(id, code) }

func (h ownHub) NearbyChange(_ context.Context, id string, c api.DeviceChange) (nearby.Device, error) {
	return h.n.Change(id, c.Name, c.Trusted)
}

func (h ownHub) NearbyForget(_ context.Context, id string) error { return h.n.Forget(id) }

func (h ownHub) NearbySend(ctx context.Context, r nearby.SendRequest) (nearby.Sent, error) {
	return h.n.Send(ctx, r)
}

func (h ownHub) NearbyOffer(_ context.Context, id string, a nearby.Answered) error {
	return h.n.AnswerOffer(id, a)
}

func (h ownHub) NearbyCancel(_ context.Context, id string) error { return h.n.Cancel(id) }

func (h ownHub) NearbyReceive(_ context.Context, r nearby.Reception) (string, error) {
	return h.n.StartReceiving(r)
}

func (h ownHub) NearbyStopReceiving(_ context.Context, id string) error {
	h.n.StopReceiving(id)
	return nil
}

func (h ownHub) NearbyServe(_ context.Context, v serve.Serve) error { return h.n.Serve(v) }

// NearbyUnserve has nothing to do: what is served ends with the command.
func (h ownHub) NearbyUnserve(context.Context, string) error { return nil }

// openHub returns the running node's hub, or one of its own. name is what the
// device is to call itself meanwhile; "" for its usual name.
func (p *program) openHub(ctx context.Context, name string) (h hub, end func(), err error) {
	client, err := p.dial(ctx)
	if err == nil {
		return p.nodeHub(ctx, client, name)
	}
	if fault.KindOf(err) != fault.NotRunning {
		return nil, nil, err
	}
	home, config, err := node.Load(node.Flags{Home: p.home})
	if err != nil {
		return nil, nil, err
	}
	log, err := node.NewLog(p.Err, node.LogConfig{Level: "error", Format: "text"})
	if err != nil {
		return nil, nil, err
	}
	own, err := node.NewNearby(node.Options{Home: home, Config: config, Log: log}, name)
	if err != nil {
		return nil, nil, err
	}
	return ownHub{own}, func() { _ = own.Close() }, nil
}

// nodeHub has the node's device take a name until the end.
func (p *program) nodeHub(ctx context.Context, client *api.Client, name string) (hub, func(), error) {
	st, err := client.NearbyState(ctx)
	if err != nil {
		return nil, nil, err
	}
	if name == "" || name == st.Name {
		return client, func() {}, nil
	}
	if err := client.NearbyRename(ctx, name); err != nil {
		return nil, nil, err
	}
	return client, func() { _ = client.NearbyRename(context.WithoutCancel(ctx), st.Name) }, nil
}
