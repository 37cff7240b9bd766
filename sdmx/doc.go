// Package sdmx is the SDMX information model: maintainable artefacts, their items and
// components, URNs, references, versions and texts. It follows the model of SDMX 3.0 (section
// 2 of the standard), with additional fields for what only 2.1 has and a registry must keep,
// such as isFinal and measure dimensions.
//
// The package imports only the standard library, and does not depend on a format: package
// formats reads and writes messages. Three services work on every type by walking its fields,
// so that a new type needs only a struct and a line in the class table:
//
//   - AppendCanonical and ParseCanonical: the lossless internal form,
//   - Digest and StructuralDigest: whether the content of an artefact has changed,
//   - EachRef: every reference in an artefact.
package sdmx
