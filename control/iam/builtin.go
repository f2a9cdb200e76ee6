package iam

// FullAccess is what IVSFullAccess allows: all of ours, and reading metrics, which AWS's has for
// the console (guide, line 8718).
func FullAccess() *Policy { return builtin(`["ivs:*", ` + metrics + `]`) }

// metrics are the operations of CloudWatch that there are here.
const metrics = `"cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics"`

// MetricsAccess is what AWS's managed policy CloudWatchReadOnlyAccess allows of these: whoever
// draws graphs needs no more.
func MetricsAccess() *Policy { return builtin(`[` + metrics + `]`) }

// ReadOnlyAccess is what version 6 of AWS's managed policy IVSReadOnlyAccess allows of the
// low-latency API, and nothing of metrics. Stream keys can be listed and not read: whoever has a
// key can publish.
func ReadOnlyAccess() *Policy {
	return builtin(`[
		"ivs:BatchGetChannel", "ivs:GetChannel", "ivs:GetPlaybackKeyPair", "ivs:GetPlaybackRestrictionPolicy",
		"ivs:GetRecordingConfiguration", "ivs:GetStream", "ivs:GetStreamSession",
		"ivs:ListChannels", "ivs:ListPlaybackKeyPairs", "ivs:ListPlaybackRestrictionPolicies",
		"ivs:ListRecordingConfigurations", "ivs:ListStreamKeys", "ivs:ListStreams", "ivs:ListStreamSessions",
		"ivs:ListTagsForResource"
	]`)
}

func builtin(actions string) *Policy {
	p, err := Parse([]byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ` + actions + `, "Resource": "*"}}`))
	if err != nil {
		panic(err) // the text is above
	}
	return p
}
