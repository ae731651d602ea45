package openscreen

import "context"

type finder struct{ a *Agent }

func newFinder(a *Agent) *finder { return &finder{a} }
func (f *finder) close()         {}
func (f *finder) rename() error  { return nil }

func (f *finder) setAdvertising(bool) error          { return nil }
func (f *finder) setDiscovering(bool) error          { return nil }
func (f *finder) list() []Device                     { return nil }
func (f *finder) watch(context.Context) <-chan Event { return nil }

func instanceName(name string, n int) string { return name }
