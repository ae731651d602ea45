package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// SQLSTATE codes (PostgreSQL's manual, appendix A).
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	uniqueViolation      = "23505"
	duplicateTable       = "42P07"
	duplicateObject      = "42710"
	diskFull             = "53100"
	readOnly             = "25006"
	notSupported         = "0A000"
	undefinedFunction    = "42883"
)

// isCode reports whether err is one of the database with such a code.
func isCode(err error, codes ...string) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && slices.Contains(codes, e.Code)
}

// pause waits a random time that doubles with every attempt, from 2 ms on.
func pause(ctx context.Context, attempt int) error {
	longest := 2 * time.Millisecond << min(attempt, 8)
	t := time.NewTimer(rand.N(longest) + time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// explain gives an error of the database the kind that it has for a person.
func explain(doing string, err error) error {
	var known *fault.Error
	var from *pgconn.PgError
	var dial *pgconn.ConnectError
	var parse *pgconn.ParseConfigError
	var network net.Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, queue.ErrAbsent), errors.Is(err, queue.ErrTaken),
		errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &parse):
		return fault.New(fault.Invalid, "the address of the mailboxes' database: %w", err).
			WithHint("it looks like postgres://user@host:5432/database")
	case errors.As(err, &from):
		return explainAnswer(doing, from, err)
	case errors.As(err, &dial), errors.As(err, &network), pgconn.Timeout(err), errors.Is(err, net.ErrClosed),
		strings.Contains(err.Error(), "conn closed"), strings.Contains(err.Error(), "unexpected EOF"):
		return fault.New(fault.Unreachable, "%s the mailboxes: the database does not answer: %w", doing, err).
			WithHint("see that it runs, and that this machine may connect to it")
	}
	return fmt.Errorf("%s the mailboxes: %w", doing, err)
}

// explainAnswer is explain for what the database itself said.
func explainAnswer(doing string, e *pgconn.PgError, err error) error {
	switch {
	case e.Code == diskFull:
		return fault.New(fault.NoSpace, "no space left for the mailboxes' database: %s: %w", e.Message, queue.ErrDisk).
			WithHint("free some disk space where the database is")
	case e.Code == readOnly:
		return fault.New(fault.Unreachable, "%s the mailboxes: the database is read-only: %w", doing, err).
			WithHint("it may be a standby: name the primary, or several hosts with target_session_attrs=read-write")
	case strings.HasPrefix(e.Code, "28"):
		return fault.New(fault.Unauthorized, "%s the mailboxes: the database does not let this relay in: %w", doing, err).
			WithHint("see the user, the password and the database's pg_hba.conf")
	case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "57P"), strings.HasPrefix(e.Code, "53"):
		return fault.New(fault.Unreachable, "%s the mailboxes: the database is not ready: %w", doing, err).
			WithHint("it is starting, stopping or out of connections; this relay tries again")
	}
	return fmt.Errorf("%s the mailboxes: %w", doing, err)
}
