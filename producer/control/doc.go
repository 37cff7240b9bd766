// Package control shows producers and commands them, from any instance.
//
// A Producer is one of them, Producers are all. Both know the database only: what is asked
// is written there, and the instance that holds the producer's lease finds it. Figures,
// Preview and Oversize answer from the database too.
package control
