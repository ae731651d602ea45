package postgres

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// Store is a database of mailboxes.
type Store struct {
	o    Options
	pool *pgxpool.Pool
	puts *batcher[*put]
	acks *batcher[*ack]
	news *news
	once sync.Once

	silence func() // ends tell
	told    sync.WaitGroup
}

var (
	_ queue.Store  = (*Store)(nil)
	_ queue.Teller = (*Store)(nil)
)

// Open connects to the database that url names ("postgres://relay@host/mailbox",
// or words as libpq takes them) and creates or migrates its tables as needed. The
// error is fault.Unreachable when it does not answer, fault.Unauthorized when it
// does not let us in, and fault.Unsupported when a newer version made its tables
// or it is set to forget.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	o = o.withDefaults()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, explain("open", err)
	}
	config.MaxConns = int32(min(o.Conns, 10000))
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, explain("open", err)
	}
	s := &Store{o: o, pool: pool, news: newNews()}
	for _, step := range []func(context.Context) error{pool.Ping, s.promises, s.migrate} {
		if err := step(ctx); err != nil {
			pool.Close()
			return nil, explain("open", err)
		}
	}
	s.puts = newBatcher(o.Writers, o.Batch, o.BatchOctets, s.flushPuts)
	s.acks = newBatcher(o.Writers, o.Batch, o.BatchOctets, s.flushAcks)
	telling, silence := context.WithCancel(context.Background())
	s.silence = silence
	s.told.Go(func() { s.tell(telling) })
	return s, nil
}

// Close waits for what was begun and disconnects.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.puts.close()
		s.acks.close()
		s.silence()
		s.told.Wait()
		s.pool.Close()
	})
	return nil
}

// transaction runs do in a transaction, again when the database gave it up for
// another one's sake. A connection that is lost on the way to COMMIT is an
// error: nobody is told that something was kept when it may not have been.
func (s *Store) transaction(ctx context.Context, do func(pgx.Tx) error) error {
	return s.again(ctx, func() error {
		tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
		if err != nil {
			return err
		}
		if err := do(tx); err != nil {
			return errors.Join(err, ignoreClosed(tx.Rollback(ctx)))
		}
		return tx.Commit(ctx)
	})
}

func ignoreClosed(err error) error {
	if errors.Is(err, pgx.ErrTxClosed) {
		return nil
	}
	return err
}

// again calls do until it succeeds, fails for good or was tried often enough.
func (s *Store) again(ctx context.Context, do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || attempt == s.o.Attempts || !isCode(err, serializationFailure, deadlockDetected) {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}
