package node

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/kith-web/kith/internal/engine/bittorrent"
	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
)

func (p *parts) newBitTorrent() (*bittorrent.Engine, error) {
	c, log := p.node.o.Config.BitTorrent, p.node.o.Log.With("part", "bittorrent")
	bucket, err := p.store.Bucket("bittorrent")
	if err != nil {
		return nil, err
	}
	trackers := c.Trackers
	if p.meet != nil {
		trackers = append(slices.Clone(trackers), p.meet.url())
	}
	e, err := bittorrent.New(bittorrent.Options{
		Dir: filepath.Join(p.node.o.Home, "bittorrent"), Store: bucket, Log: log,
		Listen: c.Listen, Trackers: trackers, DHT: c.DHT, Bootstrap: c.DHTBootstrap,
		WebRTC: c.WebRTC, STUN: p.node.o.Config.WebRTC.STUN, Endpoints: p.endpoints(),
		MapPort: c.Reach, AllowLocal: c.AllowLocal, MaxPeers: c.MaxPeers,
		UploadRate: int64(c.UploadRate), DownloadRate: int64(c.DownloadRate),
		Limits: metafile.Limits{MaxFiles: c.MaxFiles, MaxSize: int64(c.MaxSize)},
	})
	if err != nil {
		return nil, fmt.Errorf("start BitTorrent: %w", err)
	}
	return e, nil
}
