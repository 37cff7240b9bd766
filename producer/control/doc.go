// Package control shows and commands producers from any instance.
//
// A Producer is one producer, Producers is all of them. Both work on the database only:
// they write commands there, and the instance that holds the producer's lease reads and
// executes them. Figures, Preview and Oversize answer from the database too.
package control
