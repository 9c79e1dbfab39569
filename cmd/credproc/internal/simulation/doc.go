// Package simulation runs the cache, the policy and the web identity source as
// they are, on a virtual clock (testing/synctest), against an STS that really
// listens on loopback: a day takes seconds. `make simulate` runs all of it and
// writes the figures of docs/reliability.md; the tests hold the same promises on
// fewer days.
//
// What is not real are the SDKs, of which only the rules for refreshing are
// modelled, an STS that does not answer at all (a connection that hangs would
// hold the virtual clock, so such an outage ends at the source), and
// concurrency: one program at a time does something, and its waiting delays the
// others. Herds are for cmd/credproc's tests, which start processes.
package simulation
