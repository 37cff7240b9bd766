// Package bench measures the product beside the software it is built on, in one run on one machine;
// make bench prints the table. Its files have the build tag bench.
package bench
