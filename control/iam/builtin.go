package iam

// FullAccess is what IVSFullAccess allows: all of ours.
func FullAccess() *Policy { return builtin(`"ivs:*"`) }

// ReadOnlyAccess is what version 6 of AWS's managed policy IVSReadOnlyAccess allows of the
// low-latency API. Stream keys can be listed and not read: whoever has a key can publish.
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
