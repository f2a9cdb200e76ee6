package worker

import (
	"errors"

	"ladderd/pipeline"
)

// failure is an error that knows what the supervisor is to do about it.
type failure struct {
	code pipeline.ExitCode
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// elsewhere marks an error of what the job may use: another backend may do better.
func elsewhere(err error) error { return &failure{pipeline.ExitRetryElsewhere, err} }

// hopeless marks an error of the input: no worker can do better.
func hopeless(err error) error { return &failure{pipeline.ExitGiveUp, err} }

// exitCode is what err asks of the supervisor; an error without a mark may pass
// with another try.
func exitCode(err error) pipeline.ExitCode {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.code
	}
	return pipeline.ExitRetryHere
}
