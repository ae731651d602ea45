package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// Fetch returns messages of a queue, in order.
func (s *Store) Fetch(ctx context.Context, recipient queue.ID, after uint64, n int) (list []queue.Message, err error) {
	rows, err := s.pool.Query(ctx, `SELECT number, id, expires, body FROM mailbox_message
		WHERE recipient = $1 AND number > $2 AND expires > $3 ORDER BY number LIMIT $4`,
		recipient[:], int64(after), s.o.Now().Unix(), n)
	if err != nil {
		return nil, explain("read", err)
	}
	var number, expires int64
	var name, body []byte
	_, err = pgx.ForEachRow(rows, []any{&number, &name, &expires, &body}, func() error {
		m := queue.Message{Number: uint64(number), Expires: time.Unix(expires, 0).UTC(), Body: body}
		copy(m.ID[:], name)
		body = nil // it belongs to m now
		list = append(list, m)
		return nil
	})
	if err == nil && len(list) == 0 {
		_, err := s.ByRecipient(ctx, recipient)
		return nil, err
	}
	return list, explain("read", err)
}

// Expire erases messages that expired by now and queues whose recipient has not
// been there for long, up to n. It reads the tables from their beginning, as
// there is no index on time.
func (s *Store) Expire(ctx context.Context, now time.Time, n int) (int, error) {
	if n <= 0 {
		return 0, nil
	}
	erased, err := s.exec(ctx, `WITH old AS (SELECT recipient, number FROM mailbox_message WHERE expires <= $1 LIMIT $2)
		DELETE FROM mailbox_message m USING old WHERE m.recipient = old.recipient AND m.number = old.number`, now.Unix(), n)
	if err != nil || erased > 0 {
		return int(erased), explain("expire", err)
	}
	gone := 0
	err = s.transaction(ctx, func(tx pgx.Tx) error {
		gone = 0
		rows, err := tx.Query(ctx, `WITH old AS (SELECT recipient FROM mailbox_queue WHERE seen <= $1 LIMIT $2)
			DELETE FROM mailbox_queue q USING old WHERE q.recipient = old.recipient AND q.seen <= $1 RETURNING q.recipient`,
			now.Add(-s.o.Limits.Idle).Unix(), n)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		if err != nil || len(list) == 0 {
			return err
		}
		gone = len(list)
		_, err = tx.Exec(ctx, `DELETE FROM mailbox_message WHERE recipient = ANY($1)`, list)
		return err
	})
	return gone, explain("expire", err)
}

// Stats counts, by reading both tables.
func (s *Store) Stats(ctx context.Context) (st queue.Stats, err error) {
	err = s.pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM mailbox_queue), count(*),
		coalesce(sum(octet_length(body)), 0)::bigint FROM mailbox_message`).Scan(&st.Queues, &st.Messages, &st.Octets)
	return st, explain("read", err)
}
