package node

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/adrg/xdg"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/nearby/serve"
	"github.com/kith-web/kith/internal/store"
)

// NearbyConfig is the table [nearby].
type NearbyConfig struct {
	Enabled    bool   `toml:"enabled" doc:"Whether to find and be found by devices on this network."`
	Listen     string `toml:"listen" doc:"Where they connect, host:port, over UDP and TCP. When the port is taken, another is used."`
	Interfaces List   `toml:"interfaces" doc:"Names of the network interfaces to use. Empty: all that can multicast."`
	Name       string `toml:"name" doc:"What this device calls itself. Empty: the name of the computer."`
	Visible    bool   `toml:"visible" doc:"Announce this device by its name. Otherwise only 'kith nearby receive' does, while it runs."`
	Receive    bool   `toml:"receive" doc:"Let paired devices offer files. They wait for an answer in the console, unless the device is trusted."`
	Dir        string `toml:"dir" doc:"Where files go that arrive. Empty: the folder for downloads."`
	MaxReceive Size   `toml:"max_receive" doc:"Most bytes of one transfer that arrives. 0: as many as there is room for."`
	MaxFiles   int    `toml:"max_files" doc:"Most files and folders of one transfer."`

	Idle  Duration `toml:"idle" doc:"After how long without a word a device is taken to have gone away."`
	Retry Duration `toml:"retry" doc:"How long a device is waited for that went away while files were sent to it. 0: not at all."`
}

func defaultNearby() NearbyConfig {
	return NearbyConfig{
		Enabled: true, Listen: ":5485", Visible: true, Receive: true, MaxFiles: 200_000,
		Idle: Duration(25 * time.Second), Retry: Duration(nearby.DefaultRetryTime),
	}
}

// servesName is the key of what this device serves to others.
const servesName = "serves"

// startNearby starts what has to do with devices nearby. A network that does not
// allow it does not keep the node from running.
func (p *parts) startNearby() error {
	c := p.node.o.Config.Nearby
	if !c.Enabled {
		return nil
	}
	bucket, err := p.store.Bucket("nearby")
	if err != nil {
		return err
	}
	log := p.node.o.Log.With("part", "nearby")
	o, err := nearbyOptions(c, bucket, log)
	if err != nil {
		return err
	}
	o.Advertise, o.Receive = c.Visible, c.Receive
	service, err := nearby.New(o)
	if err != nil {
		if fault.KindOf(err) == fault.Corrupt || fault.KindOf(err) == fault.Invalid {
			return fmt.Errorf("start nearby: %w", err)
		}
		log.Warn("devices nearby cannot be reached", "error", err)
		return nil
	}
	p.node.onClose("nearby", service.Close)
	kept, err := bucket.Get(servesName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	serves, err := serve.New(serve.Options{
		Nearby: service, Kept: kept, Log: log,
		Keep: func(data []byte) error { return bucket.Put(servesName, data) },
	})
	if err != nil {
		return fmt.Errorf("start nearby: %w", err)
	}
	p.node.onClose("served folders", serves.Close)
	visitor := serve.NewVisitor(service, log)
	p.node.onClose("visits", visitor.Close)
	p.nearby = &api.Nearby{Service: service, Serves: serves, Visitor: visitor}
	return nil
}

// nearbyOptions are those that the node and a command of its own share.
func nearbyOptions(c NearbyConfig, s nearby.Store, log *slog.Logger) (nearby.Options, error) {
	listen, err := addrPort(c.Listen)
	if err != nil {
		return nearby.Options{}, err
	}
	dir := c.Dir
	if dir == "" {
		dir = xdg.UserDirs.Download
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nearby.Options{}, err
	}
	retry := time.Duration(c.Retry)
	if retry <= 0 {
		retry = -1 // in the options 0 is the default
	}
	return nearby.Options{
		Idle: time.Duration(c.Idle), RetryTime: retry,
		Name: c.Name, Store: s, Listen: listen, Interfaces: c.Interfaces, Dir: dir,
		MaxReceive: int64(c.MaxReceive), MaxFiles: c.MaxFiles, Log: log,
	}, nil
}

// addrPort reads host:port, where no host is every address.
func addrPort(s string) (netip.AddrPort, error) {
	if len(s) > 0 && s[0] == ':' {
		s = "[::]" + s
	}
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return a, fault.New(fault.Invalid, "nearby.listen is %q, which is no address: %w", s, err).
			WithHint("write it as :5485 or 192.168.1.2:5485")
	}
	return a, nil
}

// Nearby is the device of a home, for a command that runs where no node does.
type Nearby struct {
	*nearby.Service
	store  *store.Store
	serves *serve.Server // nil before Serve
	log    *slog.Logger
}

// NewNearby starts it, with the home's identity and book. It neither announces
// itself nor takes files before it is told to. name overrides the configured one.
func NewNearby(o Options, name string) (*Nearby, error) {
	if err := os.MkdirAll(o.Home, 0o700); err != nil {
		return nil, fmt.Errorf("make the home: %w", err)
	}
	db, err := store.Open(o.Home)
	if err != nil {
		return nil, err
	}
	n := &Nearby{store: db, log: o.Log}
	bucket, err := db.Bucket("nearby")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	options, err := nearbyOptions(o.Config.Nearby, bucket, o.Log)
	if err == nil {
		if name != "" {
			options.Name = name
		}
		n.Service, err = nearby.New(options)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	go n.stayFrugal()
	return n, nil
}

// Serve serves a folder or a web server to paired devices until Close.
func (n *Nearby) Serve(v serve.Serve) (err error) {
	if n.serves == nil {
		if n.serves, err = serve.New(serve.Options{Nearby: n.Service, Log: n.log}); err != nil {
			return err
		}
		if err := n.Agent().SetAdvertising(true); err != nil {
			return err
		}
	}
	return n.serves.Add(v)
}

// Close says goodbye and closes the home.
func (n *Nearby) Close() error {
	err := n.Service.Close()
	if n.serves != nil {
		err = errors.Join(err, n.serves.Close())
	}
	return errors.Join(err, n.store.Close())
}
