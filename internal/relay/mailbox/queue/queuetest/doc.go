// Package queuetest is what every engine of mailboxes has to pass: Run holds a
// queue.Store to its contract, Kill and PowerCut take the process or the power
// away under load and look for what was promised, and Bench measures. It has no
// engine of its own.
package queuetest
