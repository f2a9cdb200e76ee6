package control

import "strings"

// kind is a kind of resource, as it stands in ARNs.
type kind string

// The kinds of resources.
const (
	kindChannel     kind = "channel"
	kindStreamKey   kind = "stream-key"
	kindPlaybackKey kind = "playback-key"
	kindRecording   kind = "recording-configuration"
	kindPolicy      kind = "playback-restriction-policy"
	kindAds         kind = "ad-configuration" // of which there are none
)

// arns makes and reads the ARNs of one account in one region (guide, line 8419).
type arns struct{ region, account string }

func (a arns) of(k kind, id string) string { return a.below(k) + id }

// each names all resources of a kind, for permissions to make or to list some.
func (a arns) each(k kind) string { return a.below(k) + "*" }

func (a arns) below(k kind) string {
	return "arn:aws:ivs:" + a.region + ":" + a.account + ":" + string(k) + "/"
}

// id is what names the resource among those of its kind. It is false for ARNs of another
// region, account or kind, which are well-formed and name nothing here.
func (a arns) id(k kind, arn string) (string, bool) {
	return strings.CutPrefix(arn, a.below(k))
}

// split reads an ARN of any kind.
func (a arns) split(arn string) (kind, string, bool) {
	rest, ours := strings.CutPrefix(arn, "arn:aws:ivs:"+a.region+":"+a.account+":")
	k, id, whole := strings.Cut(rest, "/")
	return kind(k), id, ours && whole
}
