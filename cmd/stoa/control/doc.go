// Package control is how a command reaches the node of a home: over a local
// socket when one is running, else in this process. Both ways go through the same
// handler, so that a command does the same either way. It is private to the stoa
// binary and no protocol of its own.
package control
