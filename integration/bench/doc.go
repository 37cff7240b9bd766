// Package bench measures the product beside what it is built on, in one run on
// one machine: make bench prints the table. Its files carry the build tag bench.
package bench
