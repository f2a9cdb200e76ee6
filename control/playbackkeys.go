package control

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

type importPlaybackKeyPairRequest struct {
	Material *string          `json:"publicKeyMaterial" required:"true"`
	Name     *playbackKeyName `json:"name"`
	withTags
}

type playbackKeyPairResponse struct {
	Pair playbackKeyPair `json:"keyPair"`
}

// importPlaybackKeyPair takes a public key once.
func (a *API) importPlaybackKeyPair(ctx context.Context, in *importPlaybackKeyPairRequest) (*playbackKeyPairResponse, error) {
	public, err := publicKey(*in.Material)
	if err != nil {
		return nil, err
	}
	k := &playbackKeyRecord{
		ID: uuid.NewString(), Created: a.now(), Public: public, Fingerprint: fingerprint(public), Tags: in.tagged(),
	}
	set(&k.Name, in.Name)
	err = a.change(ctx, func(d *draft) error {
		if err := d.count(kindPlaybackKey, 1, a.settings.Load().Quotas.PlaybackKeys, "playback key pairs"); err != nil {
			return err
		}
		var other *playbackKeyRecord
		err := walk(ctx, a.store, kindPlaybackKey, "", func(r *playbackKeyRecord) bool {
			if r.Fingerprint == k.Fingerprint {
				other = r
			}
			return other == nil
		})
		if err != nil {
			return err
		}
		if other != nil {
			return fault(codeConflict, "the key is there already: %s", a.arns.of(kindPlaybackKey, other.ID))
		}
		return d.put(entryKey(kindPlaybackKey, k.ID), k)
	})
	if err != nil {
		return nil, err
	}
	return &playbackKeyPairResponse{a.playbackKeyPair(k)}, nil
}

// publicKey reads the PEM text of a key for ES384 (guide, line 6066), and gives it as PKIX.
func publicKey(material string) ([]byte, error) {
	block, _ := pem.Decode([]byte(material))
	if block == nil {
		return nil, fault(codeValidation, "publicKeyMaterial is not a key in PEM")
	}
	if block.Type != "PUBLIC KEY" {
		return nil, fault(codeValidation, "publicKeyMaterial is a %q, and a PUBLIC KEY is wanted", strings.ToValidUTF8(block.Type, "?"))
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fault(codeValidation, "publicKeyMaterial cannot be read as a public key")
	}
	if k, ok := key.(*ecdsa.PublicKey); !ok || k.Curve != elliptic.P384() {
		return nil, fault(codeValidation, "publicKeyMaterial is not an ECDSA key on the curve P-384, which ES384 takes")
	}
	return block.Bytes, nil
}

// fingerprint is the key's MD5 with colons, as the guide shows them (line 6119). It names the
// key to people and proves nothing.
func fingerprint(der []byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% x", md5.Sum(der)), " ", ":")
}

type byPlaybackKeyARN struct {
	ARN playbackKeyARN `json:"arn" required:"true"`
}

func (r byPlaybackKeyARN) resources(arns) []string { return []string{string(r.ARN)} }

func (a *API) getPlaybackKeyPair(ctx context.Context, in *byPlaybackKeyARN) (*playbackKeyPairResponse, error) {
	var k playbackKeyRecord
	if err := a.load(ctx, kindPlaybackKey, string(in.ARN), &k); err != nil {
		return nil, err
	}
	return &playbackKeyPairResponse{a.playbackKeyPair(&k)}, nil
}

func (a *API) deletePlaybackKeyPair(ctx context.Context, in *byPlaybackKeyARN) (*empty, error) {
	return &empty{}, a.delete(ctx, kindPlaybackKey, string(in.ARN))
}

type listPlaybackKeyPairsResponse struct {
	Pairs []playbackKeyPair `json:"keyPairs"`
	further
}

func (a *API) listPlaybackKeyPairs(ctx context.Context, in *paged) (*listPlaybackKeyPairsResponse, error) {
	most := in.most(min(pageMost, a.settings.Load().Quotas.PlaybackKeys))
	records, err := listOf[playbackKeyRecord](ctx, a, kindPlaybackKey, *in, most)
	if err != nil {
		return nil, err
	}
	records, more := cut(string(kindPlaybackKey), records, most, func(r *playbackKeyRecord) string { return r.ID })
	out := &listPlaybackKeyPairsResponse{Pairs: make([]playbackKeyPair, len(records)), further: more}
	for i, r := range records {
		out.Pairs[i] = a.playbackKeyPair(r)
		out.Pairs[i].Fingerprint = ""
	}
	return out, nil
}

func (a *API) playbackKeyPair(k *playbackKeyRecord) playbackKeyPair {
	return playbackKeyPair{
		ARN: a.arns.of(kindPlaybackKey, k.ID), Name: k.Name, Fingerprint: k.Fingerprint, Tags: shown(k.Tags),
	}
}
