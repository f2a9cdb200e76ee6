// Package outbox brings events to webhooks: each at least once, a channel's in their order.
//
//	history.Recorder ──Add──► store: event/, pending/ ──► a lane per receiver and channel ──► webhook
//	                            │                                │ given up
//	                            └► After: `ladderd events`, SSE   └► dead/ ──Replay──► pending/
//
// An event is written in the one change that writes what else follows from it, and with it a
// note for each receiver that it waits for; the note goes when the receiver has said that it has
// the event. So what is written is delivered whatever happens to the process, and what was
// delivered as the process died is delivered again, under the same id.
//
// A lane sends one event at a time. One that fails is sent again, later and later; those
// behind it wait, other lanes do not. Once it is too old it is a dead letter, and its lane goes
// on with the next one. What waits is in the store: memory has a few figures per lane that
// is not empty, and what is being sent.
//
// Writing never waits for a receiver, and receivers do not wait for each other: each has
// connections of its own, a few.
//
// Where several processes share a store, each writes and delivers its own events.
package outbox
