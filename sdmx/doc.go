// Package sdmx is the SDMX information model: maintainable artefacts, their
// items and components, URNs, references, versions and texts. The master is the
// model of SDMX 3.0 (section 2 of the standard); what only 2.1 knows and a
// registry must keep (isFinal, measure dimensions) has fields of its own.
//
// The package imports the standard library only. It knows no format: reading
// and writing messages is package formats. It has three services that work on
// every type by walking its fields, so that a new type costs a struct and a
// line in the class table:
//
//   - AppendCanonical and ParseCanonical: the lossless internal form,
//   - Digest and StructuralDigest: what decides whether something changed,
//   - EachRef: every reference that an artefact holds.
package sdmx
