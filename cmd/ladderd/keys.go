package main

import (
	"fmt"
	"os"

	"ladderd/config"
	"ladderd/control"
	"ladderd/control/iam"
	"ladderd/control/sigv4"
)

// accessKeys are those of the configuration, with what their files hold.
func accessKeys(cfg *config.Config) ([]control.AccessKey, error) {
	list := make([]control.AccessKey, len(cfg.API.AccessKeys))
	for i, k := range cfg.API.AccessKeys {
		secret, err := secretOf(k)
		if err != nil {
			return nil, fmt.Errorf("access key %s: %w", k.ID, err)
		}
		policy, err := policyNamed(k.Policy)
		if err != nil {
			return nil, fmt.Errorf("access key %s: %w", k.ID, err)
		}
		list[i] = control.AccessKey{User: k.User, Policy: policy, Key: sigv4.Key{
			ID: k.ID, Secret: secret.Reveal(), Token: k.SessionToken.Reveal(), Expires: k.Expires,
		}}
	}
	return list, nil
}

// keyWarnings is what of these keys is right, and will hardly do what was meant.
func keyWarnings(keys []control.AccessKey) (warnings []string) {
	for _, k := range keys {
		for _, idle := range k.Policy.Idle("ivs", control.Actions()) {
			warnings = append(warnings, fmt.Sprintf("access key %s: its policy, %s: no operation of this API has that name, so it allows and denies nothing", k.ID, idle))
		}
	}
	return warnings
}

func secretOf(k config.AccessKey) (config.Secret, error) {
	if k.SecretFile == "" {
		return k.Secret, nil
	}
	text, err := readSmall(k.SecretFile)
	if err != nil {
		return "", fmt.Errorf("read its secret: %w", err)
	}
	secret, err := config.ParseSecretKey(string(text))
	if err != nil {
		return "", fmt.Errorf("%s is %w", k.SecretFile, err)
	}
	return secret, nil
}

func policyNamed(name string) (*iam.Policy, error) {
	switch name {
	case config.PolicyFull:
		return iam.FullAccess(), nil
	case config.PolicyReadOnly:
		return iam.ReadOnlyAccess(), nil
	case config.PolicyMetrics:
		return iam.MetricsAccess(), nil
	}
	document, err := readSmall(name)
	if err != nil {
		return nil, fmt.Errorf("read its policy: %w", err)
	}
	policy, err := iam.Parse(document)
	if err != nil {
		return nil, fmt.Errorf("the policy %s: %w", name, err)
	}
	return policy, nil
}

// smallMost is more than a policy document or a secret has, in bytes.
const smallMost = 256 << 10

func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > smallMost {
		return nil, fmt.Errorf("%s is not a regular file of at most %d bytes", path, smallMost)
	}
	return os.ReadFile(path)
}
