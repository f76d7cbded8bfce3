package p2p

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/record"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	// exchangeService names peer exchange to the resource manager.
	exchangeService = "stoa.peers"
	// wantedPeers are as many direct connections as stop the search for more.
	wantedPeers = 16
	// triedAtOnce are the new peers that one answer has dialled.
	triedAtOnce = 4
	// maxPeerAddrs bounds the addresses taken over of one peer.
	maxPeerAddrs = 8
	// askAgain is how long no peer is asked twice.
	askAgain = 10 * time.Minute
	// exchangeTime is how long one exchange may take.
	exchangeTime = 10 * time.Second
)

func exchangeProtocol(n wire.Network) protocol.ID {
	return protocol.ID("/stoa/" + string(n) + "/peers/1")
}

// exchangeLimits bound the streams of peer exchange. The protocol has twice the
// memory of the service, through both of which it is reserved.
func exchangeLimits(n wire.Network) func(*rcmgr.ScalingLimitConfig) {
	return func(limits *rcmgr.ScalingLimitConfig) {
		all := rcmgr.BaseLimit{StreamsInbound: 16, StreamsOutbound: 4, Streams: 20, Memory: 32 * maxTold}
		one := rcmgr.BaseLimit{StreamsInbound: 2, StreamsOutbound: 2, Streams: 4, Memory: 4 * maxTold}
		limits.AddServiceLimit(exchangeService, all, rcmgr.BaseLimitIncrease{})
		limits.AddServicePeerLimit(exchangeService, one, rcmgr.BaseLimitIncrease{})
		all.Memory, one.Memory = 2*all.Memory, 2*one.Memory
		limits.AddProtocolLimit(exchangeProtocol(n), all, rcmgr.BaseLimitIncrease{})
		limits.AddProtocolPeerLimit(exchangeProtocol(n), one, rcmgr.BaseLimitIncrease{})
	}
}

// tellPeers answers a request with signed records of connected public peers.
func (p *P2P) tellPeers(s network.Stream) {
	if err := p.tell(s); err != nil {
		p.log.Debug("peers were not told", "peer", s.Conn().RemotePeer(), "err", err)
		_ = s.Reset() // the other side hears of it or is gone
		return
	}
	_ = s.Close()
}

func (p *P2P) tell(s network.Stream) error {
	from := s.Conn().RemotePeer()
	if !p.told.allow(from, time.Now()) {
		return errors.New("asked too often")
	}
	if err := reserve(s, maxTold); err != nil {
		return err
	}
	if err := s.SetDeadline(time.Now().Add(exchangeTime)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	data, err := wire.ReadFrame(s, maxAsked)
	if err != nil {
		return err
	}
	limit, err := decodeAsked(data)
	if err != nil {
		return err
	}
	answer, err := encodeTold(p.records(from, limit))
	if err != nil {
		return err
	}
	return wire.WriteFrame(s, answer, maxTold)
}

// reserve accounts for a stream and what it needs, until the stream is closed.
func reserve(s network.Stream, bytes int) error {
	if err := s.Scope().SetService(exchangeService); err != nil {
		return fmt.Errorf("reserve a stream: %w", err)
	}
	if err := s.Scope().ReserveMemory(bytes, network.ReservationPriorityMedium); err != nil {
		return fmt.Errorf("reserve %d bytes: %w", bytes, err)
	}
	return nil
}

// ask asks a connected peer for others. What it names wrongly is left out.
func (p *P2P) ask(ctx context.Context, id peer.ID) ([]peer.AddrInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTime)
	defer cancel()
	s, err := p.host.NewStream(ctx, id, exchangeProtocol(p.conf.Network))
	if err != nil {
		return nil, fmt.Errorf("ask %s for peers: %w", id, err)
	}
	defer s.Close()
	defer context.AfterFunc(ctx, func() { _ = s.Reset() })()
	records, err := p.exchange(s)
	if err != nil {
		_ = s.Reset()
		return nil, fmt.Errorf("ask %s for peers: %w", id, err)
	}
	return p.believable(records), nil
}

func (p *P2P) exchange(s network.Stream) ([][]byte, error) {
	if err := reserve(s, maxTold); err != nil {
		return nil, err
	}
	request, err := encodeAsked(maxRecords)
	if err != nil {
		return nil, err
	}
	if err := wire.WriteFrame(s, request, maxAsked); err != nil {
		return nil, err
	}
	_ = s.CloseWrite() // over QUIC it fails when the answer came and the other side closed before
	answer, err := wire.ReadFrame(s, maxTold)
	if err != nil {
		return nil, err
	}
	return decodeTold(answer)
}

// believable opens records and leaves what their peers signed and may be dialled.
func (p *P2P) believable(records [][]byte) []peer.AddrInfo {
	var out []peer.AddrInfo
	for _, data := range records {
		info, err := openRecord(data)
		info.Addrs = dialable(info.Addrs, p.conf.Private, maxPeerAddrs)
		if err == nil && len(info.Addrs) > 0 && info.ID != p.host.ID() && !p.blames.gated(info.ID) {
			out = append(out, info)
		}
	}
	return out
}

// openRecord verifies a signed peer record: the peer it speaks of signed it.
func openRecord(data []byte) (peer.AddrInfo, error) {
	envelope, r, err := record.ConsumeEnvelope(data, peer.PeerRecordEnvelopeDomain)
	if err != nil {
		return peer.AddrInfo{}, fmt.Errorf("open peer record: %w", err)
	}
	rec, ok := r.(*peer.PeerRecord)
	if !ok || !rec.PeerID.MatchesPublicKey(envelope.PublicKey) {
		return peer.AddrInfo{}, errors.New("open peer record: another peer signed it")
	}
	return peer.AddrInfo{ID: rec.PeerID, Addrs: rec.Addrs}, nil
}
