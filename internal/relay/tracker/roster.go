package tracker

import "math/rand/v2"

// indexFrom is the length from which a roster keeps an index; shorter ones are
// searched, which is as fast and takes no memory.
const indexFrom = 24

// maxSample is the most peers any answer holds.
const maxSample = 512

// roster is the peers of one kind in one swarm, seeds first. It takes the place
// of a map where most swarms have few peers, and gives random ones in constant
// time each.
type roster[K comparable, V any] struct {
	items []entry[K, V]
	seeds int
	index map[K]int32 // nil while the roster is short
}

type entry[K comparable, V any] struct {
	key K
	val V
}

// find returns the position of k, or -1.
func (r *roster[K, V]) find(k K) int {
	if r.index != nil {
		if i, ok := r.index[k]; ok {
			return int(i)
		}
		return -1
	}
	for i := range r.items {
		if r.items[i].key == k {
			return i
		}
	}
	return -1
}

// add appends a peer that is not there yet.
func (r *roster[K, V]) add(k K, v V, seed bool) {
	r.items = append(r.items, entry[K, V]{k, v})
	i := len(r.items) - 1
	switch {
	case r.index != nil:
		r.index[k] = int32(i)
	case len(r.items) >= indexFrom:
		r.index = make(map[K]int32, 2*indexFrom)
		for j := range r.items {
			r.index[r.items[j].key] = int32(j)
		}
	}
	r.mark(i, seed)
}

// mark makes the peer at i a seed or a leecher.
func (r *roster[K, V]) mark(i int, seed bool) {
	switch {
	case seed && i >= r.seeds:
		r.swap(i, r.seeds)
		r.seeds++
	case !seed && i < r.seeds:
		r.seeds--
		r.swap(i, r.seeds)
	}
}

// remove takes out the peer at i. Only peers at i and after it change place.
func (r *roster[K, V]) remove(i int) {
	if i < r.seeds {
		r.seeds--
		r.swap(i, r.seeds)
		i = r.seeds
	}
	last := len(r.items) - 1
	r.swap(i, last)
	if r.index != nil {
		delete(r.index, r.items[last].key)
	}
	r.items[last] = entry[K, V]{}
	r.items = r.items[:last]
}

func (r *roster[K, V]) swap(i, j int) {
	if i == j {
		return
	}
	r.items[i], r.items[j] = r.items[j], r.items[i]
	if r.index != nil {
		r.index[r.items[i].key] = int32(i)
		r.index[r.items[j].key] = int32(j)
	}
}

// shrink gives back memory that the roster has outgrown downwards.
func (r *roster[K, V]) shrink() {
	if len(r.items) == 0 {
		*r = roster[K, V]{}
		return
	}
	if cap(r.items) < 4*len(r.items) || cap(r.items) < 4*indexFrom {
		return
	}
	r.items = append(make([]entry[K, V], 0, len(r.items)), r.items...)
	r.index = nil
	if len(r.items) >= indexFrom {
		r.index = make(map[K]int32, len(r.items))
		for j := range r.items {
			r.index[r.items[j].key] = int32(j)
		}
	}
}

// sample appends to out the positions of up to n peers, each as likely as any
// other: all of them, or one at random from each of n equal parts. With
// leechers set, seeds are left out.
func (r *roster[K, V]) sample(out []int32, n int, leechers bool) []int32 {
	first := 0
	if leechers {
		first = r.seeds
	}
	have := len(r.items) - first
	if have <= 0 || n <= 0 {
		return out
	}
	if have <= n {
		turn := rand.IntN(have)
		for i := range have {
			out = append(out, int32(first+(i+turn)%have))
		}
		return out
	}
	for i := range n {
		from, to := i*have/n, (i+1)*have/n
		out = append(out, int32(first+from+rand.IntN(to-from)))
	}
	return out
}
