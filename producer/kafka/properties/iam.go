package properties

import (
	"regexp"
	"strings"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/table"
)

// mskIAM is the mechanism of Amazon's Java classes. A broker of MSK takes the same login as
// OAUTHBEARER, with a token that is signed with AWS credentials.
const mskIAM = "AWS_MSK_IAM"

const (
	// iamHandler is Amazon's class that makes such tokens for Java's OAUTHBEARER.
	iamHandler = "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler"
	iamWithout = "Tokens are signed with AWS credentials, so it has no use."
)

// IAM has the settings of the AWS credentials that sign tokens for Amazon MSK. An empty setting is
// found as AWS's own programs find it: in the environment, in the shared files, and from the
// machine that urncast runs on.
type IAM struct {
	Region  string // of the brokers
	Profile string // of the shared files
	// Role is assumed with the credentials that were found, under the name Session.
	Role, Session, ExternalID string
	// STSRegion is where the role is assumed; Region if empty.
	STSRegion string
	// AccessKey, SecretKey and SessionToken, if they are written, assume the role in place
	// of credentials that are found.
	AccessKey, SecretKey, SessionToken string
}

// iamOptions are those of IAMLoginModule that count, as Java's classes name them; awsRegion
// is ours, for brokers whose names do not say their region.
func (i *IAM) iamOptions() map[string]*string {
	return map[string]*string{
		"awsRegion": &i.Region, "awsProfileName": &i.Profile, "awsRoleArn": &i.Role, "awsRoleSessionName": &i.Session,
		"awsRoleExternalId": &i.ExternalID, "awsStsRegion": &i.STSRegion, "awsRoleAccessKeyId": &i.AccessKey,
		"awsRoleSecretAccessKey": &i.SecretKey, "awsRoleSessionToken": &i.SessionToken,
	}
}

// hasSignedTokens reports whether the properties ask for tokens that are signed with AWS
// credentials, by the mechanism or by Amazon's handler for OAUTHBEARER.
func (l *login) hasSignedTokens() bool {
	return l.mechanism == mskIAM || l.mechanism == oauthBearer && l.values["sasl.login.callback.handler.class"] == iamHandler
}

// iam resolves the options of IAMLoginModule, or of OAuthBearerLoginModule with Amazon's handler.
func (l *login) iam() {
	const handler = "sasl.login.callback.handler.class"
	l.out.Mechanism, l.out.Client["sasl.mechanism"] = oauthBearer, oauthBearer
	if l.values["sasl.mechanism"] != oauthBearer {
		l.becomes("sasl.mechanism", "sasl.mechanism")
		l.note("sasl.mechanism", "It becomes OAUTHBEARER, with tokens that are signed with AWS credentials: MSK's brokers take "+
			"either for the same login.")
	}
	if l.values[handler] == iamHandler {
		l.say(handler, connection.WithoutEffect, "Tokens are signed here without it.")
	}
	l.idle(iamWithout, table.MadeIn(table.OAuth)...)
	l.idle(iamWithout, "sasl.username", "sasl.password")
	if !l.protocol.tls {
		l.note("security.protocol", "Without TLS the tokens travel in the clear, and MSK's brokers offer no such listener.")
	}
	i := &IAM{}
	l.out.IAM = i
	if l.module != nil {
		l.iamModule(i)
	}
	if i.Region == "" {
		i.Region = regionOf(l.out.Bootstrap)
	}
}

// iamModule resolves the module's options.
func (l *login) iamModule(i *IAM) {
	known, options := map[string]string{}, i.iamOptions()
	for name, value := range l.module.Options {
		if to := options[name]; to != nil {
			*to, known[name] = value, ""
		}
	}
	known["awsDebugCreds"] = "the log never tells whose credentials they are; the connection test does."
	for _, name := range []string{"awsMaxRetries", "awsMaxBackOffTimeMs"} {
		known[name] = "requests to AWS are repeated as its own library does."
	}
	l.options(known)
	l.becomes(jaasProperty, "urncast")
	switch {
	case (i.AccessKey == "") != (i.SecretKey == ""):
		l.refuse(jaasProperty, "Of awsRoleAccessKeyId and awsRoleSecretAccessKey only one is written: write both, or leave both out.")
	case i.Role == "" && (i.AccessKey != "" || i.Session != "" || i.ExternalID != ""):
		l.refuse(jaasProperty, "Its options awsRole… are for a role, and there is none: add awsRoleArn=\"arn:aws:iam::…:role/…\".")
	case i.Role != "" && !strings.HasPrefix(i.Role, "arn:aws"):
		l.refuse(jaasProperty, "awsRoleArn is no ARN of a role: write it as arn:aws:iam::123456789012:role/name.")
	case !regionName.MatchString(i.Region), !regionName.MatchString(i.STSRegion):
		l.refuse(jaasProperty, "awsRegion and awsStsRegion are names of regions, such as eu-central-1.")
	case i.Role != "" && i.Profile != "":
		l.note(jaasProperty, "The role is assumed with the credentials of the profile.")
	}
}

var (
	// regionName is what the name of an AWS region looks like, or nothing.
	regionName = regexp.MustCompile(`^([a-z]{2,}(-[a-z]+)+-\d+)?$`)
	// brokerRegion finds it in the name of a broker of MSK, such as
	// b-1.x.y.c2.kafka.eu-central-1.amazonaws.com:9098.
	brokerRegion = regexp.MustCompile(`\.([a-z]{2,}(?:-[a-z]+)+-\d+)\.(?:[a-z]+\.)?amazonaws\.com(?:\.cn)?:\d+$`)
)

// regionOf returns the region in the names of MSK's brokers; empty if none has one.
func regionOf(servers []string) string {
	for _, s := range servers {
		if m := brokerRegion.FindStringSubmatch(strings.ToLower(s)); m != nil {
			return m[1]
		}
	}
	return ""
}
