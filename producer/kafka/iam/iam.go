// Package iam makes the tokens by which Amazon MSK knows AWS identities: presigned requests
// that say "connect", signed with AWS credentials. A broker takes one in place of a JWT, for
// the mechanism OAUTHBEARER. Signing needs no network; finding the credentials may.
package iam

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"urncast/producer/kafka/probe"
	"urncast/producer/kafka/properties"
)

// A Token lets a client log in to the brokers of a region until it ends.
type Token struct {
	Value      string
	Made, Ends time.Time
	// Who is whose credentials signed it: the role that was assumed, or an access key's id.
	Who string
}

// sessionName is that of an assumed role, if none is written; AWS's own logs show it.
const sessionName = "urncast"

// Sign makes a token. Credentials and configuration are found anew each time, so that
// what was changed since the last one counts. An error is a *probe.Trouble.
func Sign(ctx context.Context, i *properties.IAM) (*Token, error) {
	c, err := configuration(ctx, i)
	if err != nil {
		return nil, err
	}
	region := cmp.Or(i.Region, c.Region)
	if region == "" {
		return nil, probe.Met(probe.AWSRegionUnknown, nil)
	}
	found, err := retrieve(ctx, i, c, region)
	if err != nil {
		return nil, err
	}
	made := time.Now()
	value, ends, err := signer.GenerateAuthTokenFromCredentialsProvider(ctx, region, credentials.StaticCredentialsProvider{Value: found})
	if err != nil {
		return nil, probe.Met(probe.AWSNoCredentials, err)
	}
	t := &Token{Value: value, Made: made, Ends: time.UnixMilli(ends), Who: cmp.Or(i.Role, "access key "+found.AccessKeyID)}
	if found.CanExpire && found.Expires.Before(t.Ends) { // a token is worth no more than what signed it
		t.Ends = found.Expires
	}
	return t, nil
}

// configuration reads AWS's environment variables and shared files.
func configuration(ctx context.Context, i *properties.IAM) (aws.Config, error) {
	var options []func(*config.LoadOptions) error
	if i.Region != "" {
		options = append(options, config.WithRegion(i.Region))
	}
	if i.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(i.Profile))
	}
	if i.AccessKey != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(i.AccessKey, i.SecretKey, i.SessionToken)))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	var unknown config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &unknown):
		return c, probe.Met(probe.AWSProfileUnknown, nil, "profile", unknown.Profile)
	case err != nil:
		return c, probe.Met(probe.AWSConfiguration, err)
	}
	return c, nil
}

// retrieve finds credentials, and assumes the role with them if there is one.
func retrieve(ctx context.Context, i *properties.IAM, c aws.Config, region string) (aws.Credentials, error) {
	found, err := c.Credentials.Retrieve(ctx)
	if err != nil {
		return found, trouble(ctx, probe.AWSNoCredentials, err)
	}
	if i.Role == "" {
		return found, nil
	}
	client := sts.NewFromConfig(c, func(o *sts.Options) { o.Region = cmp.Or(i.STSRegion, region) })
	role := stscreds.NewAssumeRoleProvider(client, i.Role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = cmp.Or(i.Session, sessionName)
		if i.ExternalID != "" {
			o.ExternalID = &i.ExternalID
		}
	})
	if found, err = role.Retrieve(ctx); err != nil {
		return found, trouble(ctx, probe.AWSRoleRefused, err, "role", i.Role)
	}
	return found, nil
}

// trouble says why there are no credentials: AWS was not reached or had no time, which may
// end by itself, or what is written and granted does not suffice.
func trouble(ctx context.Context, refused probe.Cause, err error, values ...string) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return probe.Met(probe.Cancelled, err)
	}
	cause := refused
	if away(err) {
		cause = probe.AWSAway
	}
	return probe.Met(cause, plain(err), values...)
}

// away reports whether an error may end without anybody changing anything.
func away(err error) bool {
	var network net.Error
	var unsent *smithyhttp.RequestSendError
	var answer *smithyhttp.ResponseError
	var said smithy.APIError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network), errors.As(err, &unsent):
		return true
	case errors.As(err, &answer) && (answer.HTTPStatusCode() >= http.StatusInternalServerError || answer.HTTPStatusCode() == http.StatusTooManyRequests):
		return true
	case errors.As(err, &said):
		return strings.Contains(said.ErrorCode(), "Throttl")
	}
	return false
}

// plain takes what AWS said out of what its library puts around it.
func plain(err error) error {
	var said smithy.APIError
	var unsent *smithyhttp.RequestSendError
	switch {
	case errors.As(err, &said) && said.ErrorCode() != "":
		return fmt.Errorf("%s: %s", said.ErrorCode(), said.ErrorMessage())
	case errors.As(err, &unsent):
		return unsent.Err
	}
	return err
}
