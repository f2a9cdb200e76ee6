package srt

import (
	"errors"

	"ladderd/ingest"
)

// Reject reasons of the SRT Access Control Guidelines, which clients show as a number
// (access_control.h of libsrt). For a passphrase that is wrong or missing libsrt itself
// has SRT_REJ_BADSECRET and SRT_REJ_UNSECURE.
const (
	rejectBadRequest   = 1400
	rejectUnauthorized = 1401
	rejectOverload     = 1402
	rejectForbidden    = 1403
	rejectBadMode      = 1405
	rejectConflict     = 1409
	rejectMedia        = 1415
	rejectInternal     = 1500
	rejectDown         = 1503
)

var refusals = []struct {
	is   error
	code int
}{
	{ingest.ErrUnknownKey, rejectUnauthorized},
	{ingest.ErrInsecure, rejectForbidden},
	{ingest.ErrAddress, rejectOverload},
	{ingest.ErrFull, rejectOverload},
	{ingest.ErrLive, rejectConflict},
	{ingest.ErrStopped, rejectConflict},
	{ingest.ErrPriority, rejectConflict},
	{ingest.ErrTakeovers, rejectConflict},
	{ingest.ErrDraining, rejectDown},
	{errStreamID, rejectBadRequest},
	{errMode, rejectBadMode},
	{errType, rejectMedia},
}

// rejectCode is how a handshake is refused for reason.
func rejectCode(reason error) int {
	for _, r := range refusals {
		if errors.Is(reason, r.is) {
			return r.code
		}
	}
	return rejectInternal
}
