// Package openapi holds spec/openapi, the description of the two HTTP APIs, against
// a running node: requests at random, valid and not, of every operation, whose
// answers have to be as the documents say. It makes docs/reference/http-api.md of
// them too, and checks that the documents are what OpenAPI 3.1 wants.
//
// Environment: KITH_OPENAPI_TIME is how long requests are sent at random (a second or
// two unless said otherwise), KITH_OPENAPI_SEED the seed of a run to repeat, and
// KITH_OPENAPI_SCHEMA the schema of OpenAPI 3.1 documents as JSON or YAML, which is
// not in this repository.
package openapi
