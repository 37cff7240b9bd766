// Package encoding makes the records of transactions and jobs: which structures go along which
// routes, in which format, with which headers, and what a format cannot express. It reads
// contents from the database; it neither sends nor keeps anything.
package encoding
