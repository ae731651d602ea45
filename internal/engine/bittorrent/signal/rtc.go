package signal

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// Times a connection may take. gatherTime bounds the wait for STUN servers: what
// is known by then is sent.
const (
	gatherTime  = 2 * time.Second
	offerTime   = 50 * time.Second
	connectTime = 30 * time.Second
)

// newAPI sets pion up: data channels as streams whose writers wait, candidates
// on loopback, no delay for peers behind NAT, no log.
func newAPI() *webrtc.API {
	var s webrtc.SettingEngine
	s.DetachDataChannels()
	s.EnableDataChannelBlockWrite(true)
	s.SetIncludeLoopbackCandidate(true)
	s.SetPrflxAcceptanceMinWait(0)
	quiet := logging.NewDefaultLoggerFactory()
	quiet.Writer = io.Discard
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	s.LoggerFactory = quiet
	return webrtc.NewAPI(webrtc.WithSettingEngine(s))
}

// newPC makes a peer connection that calls onConn when a data channel is open,
// and is closed if none is within patience.
func (h *Hub) newPC(id []byte, patience time.Duration, onConn func(*conn)) (*webrtc.PeerConnection, error) {
	config := webrtc.Configuration{}
	if len(h.o.STUN) > 0 {
		config.ICEServers = []webrtc.ICEServer{{URLs: h.o.STUN}}
	}
	pc, err := h.api.NewPeerConnection(config)
	if err != nil {
		return nil, err
	}
	timer := time.AfterFunc(patience, func() { _ = pc.Close(); h.dropPC(pc) })
	if !h.addPC(pc, timer) {
		timer.Stop()
		return nil, errors.Join(errors.New("too many connections are being made"), pc.Close())
	}
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateClosed {
			go func() { _ = pc.Close(); h.dropPC(pc) }()
		}
	})
	pc.OnDataChannel(func(d *webrtc.DataChannel) { h.whenOpen(pc, d, id, timer, onConn) })
	return pc, nil
}

func (h *Hub) whenOpen(pc *webrtc.PeerConnection, d *webrtc.DataChannel, id []byte, timer *time.Timer, onConn func(*conn)) {
	d.OnOpen(func() {
		raw, err := d.DetachWithDeadline()
		if err != nil || !timer.Stop() {
			go func() { _ = pc.Close(); h.dropPC(pc) }()
			return
		}
		onConn(h.newConn(pc, raw, id))
	})
}

func (h *Hub) newConn(pc *webrtc.PeerConnection, raw datachannel.ReadWriteCloserDeadliner, id []byte) *conn {
	c := &conn{channel: raw, pc: pc, onClose: func() { h.dropPC(pc) }}
	c.local.id, c.remote.id = Network, Network+" "+hex.EncodeToString(id)
	if sctp := pc.SCTP(); sctp != nil && sctp.Transport() != nil {
		if pair, err := sctp.Transport().ICETransport().GetSelectedCandidatePair(); err == nil && pair != nil {
			c.remote.remote = net.JoinHostPort(pair.Remote.Address, portString(pair.Remote.Port))
		}
	}
	return c
}

// offer makes an offer for a peer to answer.
func (h *Hub) offer(ctx context.Context, id []byte, onConn func(*conn)) (*webrtc.PeerConnection, description, error) {
	pc, err := h.newPC(id, offerTime, onConn)
	if err != nil {
		return nil, description{}, err
	}
	d, err := pc.CreateDataChannel("kith", nil)
	if err == nil {
		h.whenOpen(pc, d, id, h.timerOf(pc), onConn)
		var sdp webrtc.SessionDescription
		if sdp, err = pc.CreateOffer(nil); err == nil {
			var local description
			if local, err = gather(ctx, pc, sdp); err == nil {
				return pc, local, nil
			}
		}
	}
	h.dropPC(pc)
	return nil, description{}, errors.Join(err, pc.Close())
}

// answer answers the offer of a peer.
func (h *Hub) answer(ctx context.Context, id []byte, sdp string, onConn func(*conn)) (description, error) {
	pc, err := h.newPC(id, connectTime, onConn)
	if err != nil {
		return description{}, err
	}
	err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp})
	if err == nil {
		var local webrtc.SessionDescription
		if local, err = pc.CreateAnswer(nil); err == nil {
			var d description
			if d, err = gather(ctx, pc, local); err == nil {
				return d, nil
			}
		}
	}
	h.dropPC(pc)
	return description{}, errors.Join(err, pc.Close())
}

// gather sets the local description and waits for its candidates.
func gather(ctx context.Context, pc *webrtc.PeerConnection, sdp webrtc.SessionDescription) (description, error) {
	done := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(sdp); err != nil {
		return description{}, err
	}
	timer := time.NewTimer(gatherTime)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
		return description{}, context.Cause(ctx)
	}
	local := pc.LocalDescription()
	if local == nil {
		return description{}, errors.New("the connection was closed")
	}
	return description{Type: local.Type.String(), SDP: local.SDP}, nil
}
