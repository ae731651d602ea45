package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The list of parts in the form of CycloneDX 1.6 (ECMA-424), as far as it is
// known from the program alone.
type (
	bill struct {
		Schema       string       `json:"$schema"`
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Serial       string       `json:"serialNumber"`
		Version      int          `json:"version"`
		Metadata     billMetadata `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	billMetadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Type     string          `json:"type"`
		Ref      string          `json:"bom-ref"`
		Name     string          `json:"name"`
		Version  string          `json:"version"`
		Hashes   []hash          `json:"hashes,omitempty"`
		Licenses []licenseChoice `json:"licenses,omitempty"`
		PURL     string          `json:"purl"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	licenseChoice struct {
		Expression string `json:"expression"`
	}
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn"`
	}
)

// purl is a package URL.
func (x part) purl() string {
	name := x.name
	if x.kind == "npm" {
		name = strings.Replace(name, "@", "%40", 1)
	}
	return "pkg:" + x.kind + "/" + name + "@" + strings.ReplaceAll(url.PathEscape(x.version), "+", "%2B")
}

// bill lists the parts of the program. Its serial number is made of what it
// lists, so that it is the same whenever that is.
func (p *parts) bill(s *source) ([]byte, error) {
	program := sum(p.program)
	self := component{
		Type: "application", Name: "kith", Version: s.version,
		Ref:      "kith", // what all others are parts of
		PURL:     "pkg:golang/github.com/kith-web/kith@v" + s.version + "?goos=" + p.target.os + "&goarch=" + p.target.arch,
		Hashes:   []hash{{"SHA-256", fmt.Sprintf("%x", program)}},
		Licenses: []licenseChoice{{"Apache-2.0"}},
	}
	uuid := program
	uuid[6], uuid[8] = uuid[6]&0x0f|0x80, uuid[8]&0x3f|0x80 // version 8 (RFC 9562): our own way of making it
	b := bill{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", Spec: "1.6", Version: 1,
		Serial:       fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", uuid[:4], uuid[4:6], uuid[6:8], uuid[8:10], uuid[10:16]),
		Metadata:     billMetadata{Timestamp: s.date.Format(time.RFC3339), Component: self},
		Dependencies: []dependency{{Ref: self.Ref}},
	}
	for _, x := range p.all {
		b.Components = append(b.Components, component{
			Type: "library", Ref: x.purl(), Name: x.name, Version: x.version, PURL: x.purl(), Licenses: []licenseChoice{{x.license}},
		})
		b.Dependencies[0].DependsOn = append(b.Dependencies[0].DependsOn, x.purl())
	}
	data, err := json.MarshalIndent(b, "", "  ")
	return append(data, '\n'), err
}
