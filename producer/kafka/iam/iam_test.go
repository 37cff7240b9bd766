package iam_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/producer/kafka/iam"
	"urncast/producer/kafka/probe"
	"urncast/producer/kafka/properties"
)

const role = "arn:aws:iam::123456789012:role/msk"

// in sets the environment, as the rig gives it.
func in(t *testing.T, environment []string) {
	t.Helper()
	for _, e := range environment {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
}

// A token is a presigned request of the region's. With a key of one's own nobody is asked for
// anything. (That its signature is right, a broker says: integration's TestAWS.)
func TestSign(t *testing.T) {
	aws := rig.StartAWS(t)
	in(t, aws.Env())
	aws.Stop()
	token, err := iam.Sign(t.Context(), &properties.IAM{Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := base64.RawURLEncoding.DecodeString(token.Value)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(string(text))
	if err != nil || u.Host != "kafka.eu-central-1.amazonaws.com" || u.Query().Get("Action") != "kafka-cluster:Connect" {
		t.Errorf("the token is %s (%v)", text, err)
	}
	if left := time.Until(token.Ends); left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("it ends in %s", left)
	}
	if token.Who != "access key "+aws.KeyID || strings.Contains(string(text), aws.Secret) {
		t.Errorf("it is of %s: %s", token.Who, text)
	}
}

// A token is worth no more than the credentials that signed it, and is of the role.
func TestSignWithRole(t *testing.T) {
	aws := rig.StartAWS(t)
	in(t, aws.Env())
	aws.SetLife(time.Minute)
	token, err := iam.Sign(t.Context(), &properties.IAM{Region: "eu-central-1", Role: role, STSRegion: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(token.Ends); left > time.Minute || left < 50*time.Second || token.Who != role {
		t.Errorf("it is of %s and ends in %s", token.Who, left)
	}
	in(t, aws.EnvWithout()) // the properties' own key assumes the role
	if token, err = iam.Sign(t.Context(), &properties.IAM{Region: "eu-central-1", Role: role, AccessKey: aws.KeyID, SecretKey: aws.Secret}); err != nil || token.Who != role {
		t.Error(err, token)
	}
}

// A profile's credentials and region count where nothing else is written.
func TestSignWithProfile(t *testing.T) {
	aws := rig.StartAWS(t)
	in(t, aws.EnvWithout())
	path := filepath.Join(t.TempDir(), "config")
	text := "[profile msk]\nregion=ap-southeast-2\naws_access_key_id=" + aws.KeyID + "\naws_secret_access_key=" + aws.Secret + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", path)
	token, err := iam.Sign(t.Context(), &properties.IAM{Profile: "msk"})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := base64.RawURLEncoding.DecodeString(token.Value); !strings.Contains(string(text), "kafka.ap-southeast-2.") {
		t.Errorf("the token is %s", text)
	}
	t.Setenv("AWS_REGION", "us-east-2")
	if token, err = iam.Sign(t.Context(), &properties.IAM{Profile: "msk", Region: "eu-north-1"}); err != nil {
		t.Fatal(err)
	}
	if text, _ := base64.RawURLEncoding.DecodeString(token.Value); !strings.Contains(string(text), "kafka.eu-north-1.") {
		t.Errorf("the token is %s: the brokers' own region counts", text)
	}
}

// Why there is no token is said in words, with what to do; what may end by itself is told apart.
func TestNoToken(t *testing.T) {
	aws := rig.StartAWS(t)
	whole := &properties.IAM{Region: "eu-central-1", Role: role}
	for _, row := range []struct {
		what        string
		iam         *properties.IAM
		environment []string
		do          func()
		cause       probe.Cause
		words       []string
	}{
		{"no region", &properties.IAM{}, aws.Env(), nil, probe.AWSRegionUnknown, []string{"AWS_REGION", "awsRegion"}},
		{"no credentials", &properties.IAM{Region: "eu-central-1"}, aws.EnvWithout(), nil, probe.AWSNoCredentials, []string{"AWS_ACCESS_KEY_ID", "awsProfileName"}},
		{"no such profile", &properties.IAM{Region: "eu-central-1", Profile: "nobody"}, aws.Env(), nil, probe.AWSProfileUnknown, []string{"nobody", "~/.aws/config"}},
		{"role refused", whole, aws.Env(), func() { aws.Refuse("AccessDenied") }, probe.AWSRoleRefused, []string{role, "AccessDenied: The test makes STS refuse", "trust policy"}},
		{"STS has a fault", whole, aws.Env(), func() { aws.Refuse("ServiceUnavailable") }, probe.AWSAway, []string{"ServiceUnavailable"}},
		{"throttled", whole, aws.Env(), func() { aws.Refuse("Throttling") }, probe.AWSAway, []string{"Throttling"}},
		{"STS away", whole, aws.Env(), aws.Stop, probe.AWSAway, []string{"connection refused", "STS"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			in(t, row.environment)
			if row.do != nil {
				row.do()
			}
			_, err := iam.Sign(t.Context(), row.iam)
			var trouble *probe.Trouble
			if !errors.As(err, &trouble) || trouble.Cause != row.cause {
				t.Fatalf("the error is %v", err)
			}
			for _, want := range row.words {
				if !strings.Contains(trouble.Text+" "+trouble.Cure, want) {
					t.Errorf("it does not say %q: %s %s", want, trouble.Text, trouble.Cure)
				}
			}
			if strings.Contains(trouble.Text, aws.Secret) {
				t.Error("it gives the secret away")
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in(t, aws.Env())
	if _, err := iam.Sign(ctx, whole); probe.Of(err).Cause != probe.Cancelled {
		t.Errorf("cancelled: %v", err)
	}
}
