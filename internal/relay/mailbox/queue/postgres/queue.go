package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

const columns = `SELECT recipient, sender, recipient_key, sender_key, days, seen, push FROM mailbox_queue `

// Create makes a queue, or renews an equal one.
func (s *Store) Create(ctx context.Context, q queue.Queue) error {
	n, err := s.exec(ctx, `INSERT INTO mailbox_queue (recipient, sender, recipient_key, sender_key, days, seen, push)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (recipient) DO UPDATE SET days = excluded.days, seen = greatest(mailbox_queue.seen, excluded.seen)
		WHERE mailbox_queue.sender = excluded.sender AND mailbox_queue.recipient_key = excluded.recipient_key`,
		q.Recipient[:], q.Sender[:], q.RecipientKey[:], q.SenderKey[:], int16(q.Days), q.Seen.Unix(), orNull(q.Push))
	if isCode(err, uniqueViolation) || err == nil && n == 0 {
		return queue.ErrTaken
	}
	return explain("create a queue in", err)
}

// ByRecipient looks a queue up by its recipient's side.
func (s *Store) ByRecipient(ctx context.Context, id queue.ID) (queue.Queue, error) {
	return s.one(ctx, columns+`WHERE recipient = $1`, id)
}

// BySender looks a queue up by its sender's side.
func (s *Store) BySender(ctx context.Context, id queue.ID) (queue.Queue, error) {
	return s.one(ctx, columns+`WHERE sender = $1`, id)
}

func (s *Store) one(ctx context.Context, query string, id queue.ID) (queue.Queue, error) {
	list, err := s.many(ctx, query, id[:])
	if err == nil && len(list) == 0 {
		err = queue.ErrAbsent
	}
	if err != nil {
		return queue.Queue{}, err
	}
	return list[0], nil
}

// Queues lists queues by their recipient's id, beyond after.
func (s *Store) Queues(ctx context.Context, after queue.ID, n int) ([]queue.Queue, error) {
	return s.many(ctx, columns+`WHERE recipient > $1 ORDER BY recipient LIMIT $2`, after[:], n)
}

func (s *Store) many(ctx context.Context, query string, args ...any) (list []queue.Queue, err error) {
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, explain("read", err)
	}
	var recipient, sender, recipientKey, senderKey, push []byte
	var days int16
	var seen int64
	into := []any{&recipient, &sender, &recipientKey, &senderKey, &days, &seen, &push}
	_, err = pgx.ForEachRow(rows, into, func() error {
		q := queue.Queue{Recipient: id(recipient), Sender: id(sender), Days: uint8(days), Push: push}
		copy(q.RecipientKey[:], recipientKey)
		copy(q.SenderKey[:], senderKey)
		q.Seen = time.Unix(seen, 0).UTC()
		push = nil // it belongs to q now
		list = append(list, q)
		return nil
	})
	return list, explain("read", err)
}

// Lock replaces the key of a queue's sender, if it is still old.
func (s *Store) Lock(ctx context.Context, sender queue.ID, old, key queue.Key) error {
	return s.some(ctx, `UPDATE mailbox_queue SET sender_key = $3 WHERE sender = $1 AND sender_key = $2`, sender[:], old[:], key[:])
}

// SetPush keeps or, empty, forgets a queue's subscription.
func (s *Store) SetPush(ctx context.Context, recipient queue.ID, subscription []byte) error {
	return s.some(ctx, `UPDATE mailbox_queue SET push = $2 WHERE recipient = $1`, recipient[:], orNull(subscription))
}

// Present notes that recipients were here, to the hour.
func (s *Store) Present(ctx context.Context, recipients []queue.ID, at time.Time) error {
	ids := make([][]byte, len(recipients))
	for i := range recipients {
		ids[i] = recipients[i][:]
	}
	_, err := s.exec(ctx, `UPDATE mailbox_queue SET seen = $2 WHERE recipient = ANY($1) AND seen < $3`,
		ids, at.Unix(), at.Add(-time.Hour).Unix())
	return explain("write", err)
}

// Delete removes a queue, and with it what is in it: whoever puts at the same
// time has the queue's row locked before, or finds it gone.
func (s *Store) Delete(ctx context.Context, recipient queue.ID) error {
	err := s.transaction(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM mailbox_queue WHERE recipient = $1`, recipient[:])
		if err == nil && tag.RowsAffected() == 0 {
			err = queue.ErrAbsent
		}
		if err == nil {
			_, err = tx.Exec(ctx, `DELETE FROM mailbox_message WHERE recipient = $1`, recipient[:])
		}
		return err
	})
	if errors.Is(err, queue.ErrAbsent) {
		return queue.ErrAbsent
	}
	return explain("delete from", err)
}

// exec runs a statement, again when it has to, and counts its rows.
func (s *Store) exec(ctx context.Context, statement string, args ...any) (n int64, err error) {
	err = s.again(ctx, func() error {
		tag, err := s.pool.Exec(ctx, statement, args...)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

// some is exec for statements that have to find a row.
func (s *Store) some(ctx context.Context, statement string, args ...any) error {
	n, err := s.exec(ctx, statement, args...)
	if err == nil && n == 0 {
		return queue.ErrAbsent
	}
	return explain("write", err)
}

// orNull is b, or NULL when there is nothing in it.
func orNull(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
