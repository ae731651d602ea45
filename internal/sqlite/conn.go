package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// Conn is one connection for one goroutine at a time, with statements that stay
// prepared. It is for whoever writes thousands of rows a second: what
// database/sql adds (a pool, conversions, copies of every value) is left out.
type Conn struct {
	c     driver.Conn
	stmts []*Stmt
}

// Stmt is a prepared statement of a Conn.
type Stmt struct {
	run  driver.StmtExecContext
	ask  driver.StmtQueryContext
	end  func() error
	args []driver.NamedValue
	row  []driver.Value
	text string
}

// OpenConn opens the file at path as Open does. Unlike Open it reads the file at
// once, and so finds a damaged one.
func OpenConn(path string, o Options) (*Conn, error) {
	path, err := create(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "") // no connection yet: only to be told the driver
	if err != nil {
		return nil, err
	}
	d := db.Driver()
	if err := db.Close(); err != nil {
		return nil, err
	}
	c, err := d.Open(dsn(path, o.withDefaults()))
	if err != nil {
		return nil, err
	}
	return &Conn{c: c}, nil
}

// Prepare compiles a statement with n unnamed parameters. It lives as long as
// the connection.
func (c *Conn) Prepare(text string, n int) (*Stmt, error) {
	p, err := c.c.Prepare(text)
	if err != nil {
		return nil, fmt.Errorf("%w in %q", err, text)
	}
	s := &Stmt{end: p.Close, args: make([]driver.NamedValue, n), text: text}
	var ok1, ok2 bool
	s.run, ok1 = p.(driver.StmtExecContext)
	s.ask, ok2 = p.(driver.StmtQueryContext)
	if !ok1 || !ok2 {
		return nil, errors.Join(errors.New("the driver takes no contexts"), p.Close())
	}
	for i := range s.args {
		s.args[i].Ordinal = i + 1
	}
	c.stmts = append(c.stmts, s)
	return s, nil
}

// Exec runs statements without parameters, once.
func (c *Conn) Exec(text string) error {
	x, ok := c.c.(driver.ExecerContext)
	if !ok {
		return errors.New("the driver runs no scripts")
	}
	_, err := x.ExecContext(context.Background(), text, nil)
	return err
}

// Int asks for one number, once.
func (c *Conn) Int(text string) (int64, error) {
	q, ok := c.c.(driver.QueryerContext)
	if !ok {
		return 0, errors.New("the driver answers nothing")
	}
	rows, err := q.QueryContext(context.Background(), text, nil)
	if err != nil {
		return 0, err
	}
	row := make([]driver.Value, len(rows.Columns()))
	err = rows.Next(row)
	if err = errors.Join(err, rows.Close()); err != nil {
		return 0, fmt.Errorf("%s: %w", text, err)
	}
	v, ok := row[0].(int64)
	if !ok {
		return 0, fmt.Errorf("%s answers %T, not a number", text, row[0])
	}
	return v, nil
}

// Close ends the statements and the connection.
func (c *Conn) Close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.end())
	}
	c.stmts = nil
	return errors.Join(append(errs, c.c.Close())...)
}

// Exec runs the statement and reports how many rows it changed. Arguments are
// int64, []byte, string or nil.
func (s *Stmt) Exec(args ...driver.Value) (int64, error) {
	if err := s.bind(args); err != nil {
		return 0, err
	}
	r, err := s.run.ExecContext(context.Background(), s.args)
	s.release()
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query runs the statement and gives every row to each, whose slice is reused
// but whose values are its own. It stops at the first error.
func (s *Stmt) Query(each func(row []driver.Value) error, args ...driver.Value) (err error) {
	if err := s.bind(args); err != nil {
		return err
	}
	rows, err := s.ask.QueryContext(context.Background(), s.args)
	s.release()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if n := len(rows.Columns()); n != len(s.row) {
		s.row = make([]driver.Value, n)
	}
	for {
		switch err := rows.Next(s.row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := each(s.row); err != nil {
			return err
		}
	}
}

func (s *Stmt) bind(args []driver.Value) error {
	if len(args) != len(s.args) {
		return fmt.Errorf("%d arguments for %q", len(args), s.text)
	}
	for i, a := range args {
		s.args[i].Value = a
	}
	return nil
}

// release lets go of the arguments, which may be large.
func (s *Stmt) release() {
	for i := range s.args {
		s.args[i].Value = nil
	}
}
