package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// put is a call of Put that waits.
type put struct {
	puts  []queue.Put
	taken []queue.Taken
	err   error
	done  chan struct{}
}

func (p *put) size() (n int) {
	for i := range p.puts {
		n += len(p.puts[i].Body)
	}
	return n
}

func (p *put) finish(err error) {
	p.err = err
	close(p.done)
}

// Put adds messages, in one transaction with what others put at the same time.
func (s *Store) Put(ctx context.Context, puts []queue.Put) ([]queue.Taken, error) {
	p := &put{puts: puts, taken: make([]queue.Taken, len(puts)), done: make(chan struct{})}
	if len(puts) == 0 {
		return p.taken, nil
	}
	if err := s.puts.add(ctx, p); err != nil {
		return nil, err
	}
	<-p.done // within Timeout: the bodies are in use until then
	if p.err != nil {
		return nil, p.err
	}
	return p.taken, nil
}

func (s *Store) flushPuts(calls []*put) {
	ctx, cancel := context.WithTimeout(context.Background(), s.o.Timeout)
	defer cancel()
	err := s.transaction(ctx, func(tx pgx.Tx) error { return s.putAll(ctx, tx, calls) })
	if err = explain("write", err); err == nil {
		s.news.add(calls)
	}
	for _, c := range calls {
		c.finish(err)
	}
}

// line is one message of a batch and where its answer goes.
type line struct {
	put   *queue.Put
	taken *queue.Taken
}

// box is what is known of a queue under its lock.
type box struct {
	messages int
	octets   int64
	last     int64
	ids      map[queue.MessageID]uint64 // of those in the batch that are there
}

func (s *Store) putAll(ctx context.Context, tx pgx.Tx, calls []*put) error {
	var lines []line
	for _, c := range calls {
		for i := range c.puts {
			c.taken[i] = queue.Taken{}
			lines = append(lines, line{&c.puts[i], &c.taken[i]})
		}
	}
	if err := lockQueues(ctx, tx, lines); err != nil {
		return err
	}
	boxes, clock, err := s.look(ctx, tx, lines)
	if err != nil {
		return err
	}
	return insert(ctx, tx, s.admit(lines, boxes, clock))
}

// lockQueues finds the recipient's side of every line and locks their rows, in
// the order of the senders' ids.
func lockQueues(ctx context.Context, tx pgx.Tx, lines []line) error {
	var senders [][]byte
	for _, l := range lines {
		senders = append(senders, l.put.Sender[:])
	}
	slices.SortFunc(senders, bytes.Compare)
	senders = slices.CompactFunc(senders, bytes.Equal)
	found := make(map[queue.ID]queue.ID, len(senders))
	rows, err := tx.Query(ctx, `SELECT sender, recipient FROM mailbox_queue WHERE sender = ANY($1)
		ORDER BY sender FOR NO KEY UPDATE`, senders)
	if err != nil {
		return err
	}
	var sender, recipient []byte
	_, err = pgx.ForEachRow(rows, []any{&sender, &recipient}, func() error {
		found[id(sender)] = id(recipient)
		return nil
	})
	for _, l := range lines {
		l.taken.Recipient = found[l.put.Sender]
		if _, ok := found[l.put.Sender]; !ok {
			l.taken.Err = queue.ErrAbsent
		}
	}
	return err
}

// look reads what is in the locked queues, and the database's clock. It is a
// statement of its own, so that it sees what the transactions have written that
// held the locks before.
func (s *Store) look(ctx context.Context, tx pgx.Tx, lines []line) (map[queue.ID]*box, int64, error) {
	boxes := map[queue.ID]*box{}
	var recipients, ids [][]byte
	for _, l := range lines {
		if l.taken.Err != nil {
			continue
		}
		boxes[l.taken.Recipient] = &box{ids: map[queue.MessageID]uint64{}}
		recipients, ids = append(recipients, l.taken.Recipient[:]), append(ids, l.put.ID[:])
	}
	now, clock := s.o.Now().Unix(), int64(0)
	batch := &pgx.Batch{}
	batch.Queue(`SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`).QueryRow(func(r pgx.Row) error {
		return r.Scan(&clock)
	})
	var recipient, name []byte
	var messages int
	var octets, number int64
	batch.Queue(`SELECT recipient, count(*) FILTER (WHERE expires > $2),
			coalesce(sum(octet_length(body)) FILTER (WHERE expires > $2), 0)::bigint, max(number)
		FROM mailbox_message WHERE recipient = ANY($1) GROUP BY recipient`, recipients, now).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&recipient, &messages, &octets, &number}, func() error {
			b := boxes[id(recipient)]
			b.messages, b.octets, b.last = messages, octets, number
			return nil
		})
		return err
	})
	batch.Queue(`SELECT m.recipient, m.id, m.number FROM unnest($1::bytea[], $2::bytea[]) AS p (recipient, id)
		JOIN mailbox_message m ON m.recipient = p.recipient AND m.id = p.id WHERE m.expires > $3`,
		recipients, ids, now).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&recipient, &name, &number}, func() error {
			boxes[id(recipient)].ids[queue.MessageID(name)] = uint64(number)
			return nil
		})
		return err
	})
	return boxes, clock, tx.SendBatch(ctx, batch).Close()
}

// admit gives every line its answer and returns those to write, sorted by queue.
func (s *Store) admit(lines []line, boxes map[queue.ID]*box, clock int64) []line {
	var fresh []line
	for _, l := range lines {
		if l.taken.Err != nil {
			continue
		}
		b, octets := boxes[l.taken.Recipient], int64(len(l.put.Body))
		if number, ok := b.ids[l.put.ID]; ok {
			l.taken.Number = number
			continue
		}
		if b.messages >= s.o.Limits.Messages || b.octets+octets > s.o.Limits.Octets {
			l.taken.Err = queue.ErrFull
			continue
		}
		b.last = max(b.last+1, clock)
		b.messages, b.octets = b.messages+1, b.octets+octets
		b.ids[l.put.ID] = uint64(b.last)
		l.taken.Number = uint64(b.last)
		fresh = append(fresh, l)
	}
	slices.SortStableFunc(fresh, func(a, b line) int {
		return bytes.Compare(a.taken.Recipient[:], b.taken.Recipient[:])
	})
	return fresh
}

func insert(ctx context.Context, tx pgx.Tx, fresh []line) error {
	if len(fresh) == 0 {
		return nil
	}
	var recipients, ids, bodies [][]byte
	var numbers, expires []int64
	for _, l := range fresh {
		recipients, ids = append(recipients, l.taken.Recipient[:]), append(ids, l.put.ID[:])
		bodies = append(bodies, orEmpty(l.put.Body))
		numbers, expires = append(numbers, int64(l.taken.Number)), append(expires, l.put.Expires.Unix())
	}
	tag, err := tx.Exec(ctx, `INSERT INTO mailbox_message (recipient, number, id, expires, body)
		SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[])`,
		recipients, numbers, ids, expires, bodies)
	if err == nil && tag.RowsAffected() != int64(len(fresh)) {
		err = fmt.Errorf("%d of %d messages were written", tag.RowsAffected(), len(fresh))
	}
	return err
}

// orEmpty keeps an empty body from becoming NULL.
func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func id(b []byte) (id queue.ID) {
	copy(id[:], b)
	return id
}
