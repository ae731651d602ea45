package sqlite

import (
	"database/sql/driver"

	"github.com/kith-web/kith/internal/relay/mailbox/queue/segment"
	"github.com/kith-web/kith/internal/sqlite"
)

// mover moves bodies of version 1 from their table to the log, in the
// transaction of a migration.
type mover struct {
	bodies *segment.Log
	set    *sqlite.Stmt
	r      segment.Record // the message whose parts come
	change map[int64]int64
}

// moveOut moves all bodies out and drops their table.
func moveOut(c *sqlite.Conn, bodies *segment.Log) error {
	m := &mover{bodies: bodies, change: map[int64]int64{}}
	list, err := c.Prepare(`SELECT w.queue, w.number, w.id, w.expires, b.piece
		FROM waiting w CROSS JOIN body b ON b.id >= w.number * 1024 AND b.id < (w.number + 1) * 1024
		ORDER BY w.queue, w.number, b.id`, 0)
	if err != nil {
		return err
	}
	if m.set, err = c.Prepare(`UPDATE waiting SET segment = ?, at = ? WHERE queue = ? AND number = ?`, 4); err != nil {
		return err
	}
	count, err := c.Prepare(`INSERT INTO segment (id, live) VALUES (?, ?)`, 2)
	if err != nil {
		return err
	}
	if _, err := bodies.Ready(); err != nil {
		return err
	}
	if err := list.Query(m.part); err != nil {
		return err
	}
	if err := m.whole(); err != nil {
		return err
	}
	if _, err := bodies.Flush(); err != nil {
		return err
	}
	for id, n := range m.change {
		if _, err := count.Exec(id, n); err != nil {
			return err
		}
	}
	bodies.Settle(nil, false)
	bodies.Retire()
	return c.Exec("DROP TABLE body")
}

// part takes a part of a body.
func (m *mover) part(v []driver.Value) error {
	queue, number := integer(v[0]), integer(v[1])
	if queue != m.r.Queue || number != m.r.Number {
		if err := m.whole(); err != nil {
			return err
		}
		m.r = segment.Record{Kind: segment.Moved, Queue: queue, Number: number, Expires: integer(v[3])}
		copy(m.r.ID[:], octets(v[2]))
	}
	m.r.Body = append(m.r.Body, octets(v[4])...)
	return nil
}

// whole moves the message all of whose parts came.
func (m *mover) whole() error {
	if m.r.Number == 0 {
		return nil
	}
	at, err := m.bodies.Add(m.r)
	if err != nil {
		return err
	}
	m.change[at.Segment] += segment.Head + int64(len(m.r.Body))
	_, err = m.set.Exec(at.Segment, at.At, m.r.Queue, m.r.Number)
	return err
}
