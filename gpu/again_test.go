package gpu

import (
	"context"
	"testing"

	"ladderd/pipeline"
)

func TestAgain(t *testing.T) {
	for name, c := range map[string]struct {
		proof Proof
		task  pipeline.Task
		said  string
		want  string
	}{
		"a GPU that encodes":        {proven(t4, 1e9, nil), pipeline.Encode, "", ""},
		"a GPU that does not":       {proven(h100, 1e9, without("this GPU has no video encoder", pipeline.Encode, pipeline.Sessions)), pipeline.Scale, "", ""},
		"a GPU that is off the bus": {proven(t4, 1e9, nil), pipeline.Encode, "CUDA_ERROR_LAUNCH_FAILED", lost},
		"a GPU that does nothing":   {Proof{Device: t4}, "", "", notTried},
	} {
		t.Run(name, func(t *testing.T) {
			var tried []pipeline.Task
			try := func(_ context.Context, trial pipeline.Trial) (pipeline.Finding, error) {
				tried = append(tried, trial.Task)
				return pipeline.Finding{Pictures: 10, Elapsed: 1e9, Failure: c.said}, nil
			}
			err := Prover{Try: try}.Again(t.Context(), c.proof)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want || c.task != "" && (len(tried) != 1 || tried[0] != c.task) {
				t.Errorf("%q after %v", got, tried)
			}
		})
	}
}
