package bittorrent

import (
	"context"
	"errors"
	"sync"

	"github.com/anacrolix/dht/v2"
	k_nearest_nodes "github.com/anacrolix/dht/v2/k-nearest-nodes"
	"github.com/anacrolix/dht/v2/krpc"
	"github.com/anacrolix/dht/v2/traversal"
)

// alpha is how many nodes are asked at once.
const alpha = 8

// walk asks nodes ever closer to the record's place for it until none is closer
// or ctx ends, and hands every valid record to found. bad says that one with a
// wrong signature came.
//
// The library's own getput trusts a node to send what BEP 44 demands; one that
// leaves out the sequence number would end the program.
func (r nameRecord) walk(
	ctx context.Context, s *dht.Server, found func(nameRecord),
) (op *traversal.Operation, bad bool, err error) {
	nodes, err := s.TraversalStartingNodes()
	if err != nil {
		return nil, false, err
	}
	var mu sync.Mutex
	op = traversal.Start(traversal.OperationInput{
		Alpha: alpha, Target: krpc.ID(r.target()), NodeFilter: s.TraversalNodeFilter,
		DoQuery: func(qctx context.Context, addr krpc.NodeAddr) traversal.QueryResult {
			res := s.Get(qctx, dht.NewAddr(addr.UDP()), r.target(), nil, dht.QueryRateLimiting{})
			if got := res.Reply.R; got != nil && got.V != nil && got.Seq != nil && string(got.K[:]) == string(r.Key) {
				item := nameRecord{Key: r.Key, Salt: r.Salt, Seq: *got.Seq, Value: got.V, Sig: got.Sig[:]}
				mu.Lock()
				if item.valid() {
					found(item)
				} else {
					bad = true
				}
				mu.Unlock()
			}
			answer := res.TraversalQueryResult(addr)
			if _, ok := answer.ClosestData.(string); !ok {
				answer.ResponseFrom = nil // no token: nothing can be put there
			}
			return answer
		},
	})
	op.AddNodes(nodes)
	select {
	case <-op.Stalled():
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	op.Stop()
	mu.Lock()
	defer mu.Unlock()
	return op, bad, err
}

// get finds the newest record.
func (r nameRecord) get(ctx context.Context, s *dht.Server) (best nameRecord, bad bool, err error) {
	var mu sync.Mutex
	_, bad, err = r.walk(ctx, s, func(got nameRecord) {
		mu.Lock()
		defer mu.Unlock()
		if best.Sig == nil || got.Seq > best.Seq {
			best = got
		}
	})
	mu.Lock()
	defer mu.Unlock()
	if best.Sig != nil {
		return best, bad, nil
	}
	if err == nil {
		err = errors.New("no node has the record")
	}
	return best, bad, err
}

// put puts the record at the nodes closest to its place, this one included, and
// says how many took it.
func (r nameRecord) put(ctx context.Context, s *dht.Server) int {
	op, _, err := r.walk(ctx, s, func(nameRecord) {})
	if err != nil {
		return 0
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	took := 0
	item := r.item()
	op.Closest().Range(func(e k_nearest_nodes.Elem) {
		token, ok := e.Data.(string)
		if !ok {
			return
		}
		wg.Go(func() {
			res := s.Put(ctx, dht.NewAddr(e.Addr.UDP()), item, token, dht.QueryRateLimiting{})
			if res.ToError() == nil {
				mu.Lock()
				defer mu.Unlock()
				took++
			}
		})
	})
	wg.Wait()
	return took
}
