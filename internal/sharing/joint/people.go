package joint

import (
	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
)

// People is the person, as the exchange asks it. What concerns other parts than
// the exchange is noted: none of them may call the exchange back.
func (p *Joint) People() exchange.People { return people{p} }

type people struct{ p *Joint }

func (a people) Relation(id seal.RelationID) (seal.Relation, bool) { return a.p.Person.Relation(id) }

func (a people) Relations() []seal.Relation { return a.p.Person.Relations() }

func (a people) Inboxes() []seal.Inbox { return a.p.Person.Inboxes() }

func (a people) Receive(in seal.Inbox, body []byte) (seal.Effects, error) {
	return a.p.noted(a.p.Person.Receive(in, body))
}

func (a people) Handle(from seal.RelationID, m seal.Message) (seal.Effects, error) {
	return a.p.noted(a.p.Person.Handle(from, m))
}

func (a people) NewEpoch(r seal.RelationID) (seal.Effects, error) {
	return a.p.noted(a.p.Person.NewEpoch(r))
}

func (a people) LearnEpoch(r seal.RelationID, public []byte) (seal.Effects, error) {
	return a.p.noted(a.p.Person.LearnEpoch(r, public))
}

func (a people) EraseEpoch(r seal.RelationID, epoch seal.EpochID) (seal.Effects, error) {
	return a.p.noted(a.p.Person.EraseEpoch(r, epoch))
}

func (a people) Arrived(in seal.Inbox) (seal.Effects, error) {
	return a.p.noted(a.p.Person.Arrived(in))
}

func (a people) Forget(r seal.RelationID) (seal.Effects, error) {
	return a.p.noted(a.p.Person.Forget(r))
}

// noted keeps what an effect of the person asks of others, and returns the
// exchange's part.
func (p *Joint) noted(e person.Effects, err error) (seal.Effects, error) {
	if err == nil {
		p.Note(e)
	}
	return e.Effects, err
}

// Records are the person's part of the state that own devices share. The library
// keeps lists and receipts beside it, which are not the person's business.
type Records struct{ library.Records }

// Each implements person.Records.
func (r Records) Each(prefix string, f func(key string, value []byte) error) error {
	return r.Records.Each(prefix, func(key string, value []byte) error {
		if library.OwnRecord(key) {
			return nil
		}
		return f(key, value)
	})
}

// IsPersons says whether a record is one that the person reads.
func IsPersons(key string) bool { return key != "" && !library.OwnRecord(key) }
