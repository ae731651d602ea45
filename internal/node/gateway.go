package node

import "net/http"

func (p *parts) startGateway() error {
	p.node.handler = p.api.Measure(http.Handler(p.api))
	return nil
}
