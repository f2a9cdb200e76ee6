// Package audit writes down who called what: records in the shape of AWS CloudTrail (guide,
// line 8240), one JSON object a line, below a folder.
//
//	audit.jsonl                   the newest records
//	audit-000000000041.jsonl      full files, the highest number the newest
//
// A record is in the file, by one write(2), when Write returns; what the file system does
// with it when the power fails is its own matter. What cannot be written is an error and
// counted, and leaves no half line. The file is the daemon's alone: who wants it away copies
// it, or takes the full ones.
//
// Parameters and responses come without secrets and bounded in size: the package writes what
// it is given. It has no goroutine, and a Log is for any of them.
package audit
