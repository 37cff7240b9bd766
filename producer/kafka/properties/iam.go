package properties

import (
	"regexp"
	"strings"

	"urncast/producer/connection"
)

// mskIAM is the mechanism of Amazon's Java classes. A broker of MSK takes the same login as
// OAUTHBEARER, with a token that is signed with AWS credentials.
const mskIAM = "AWS_MSK_IAM"

const (
	// iamHandler is Amazon's class that makes such tokens for Java's OAUTHBEARER.
	iamHandler = "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler"
	iamWithout = "Tokens are signed with AWS credentials, so it has no use."
)

// IAM says whose AWS credentials sign the tokens for Amazon MSK, and for which region. What
// is empty is found as AWS's own programs find it: in the environment, in the shared
// files, and from the machine that urncast runs on.
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

// signsTokens reports whether the properties ask for tokens that are signed with AWS
// credentials, by the mechanism or by Amazon's handler for OAUTHBEARER.
func (r *resolver) signsTokens(mechanism string) bool {
	return mechanism == mskIAM || mechanism == oauthBearer && r.values["sasl.login.callback.handler.class"] == iamHandler
}

// iam takes the options of IAMLoginModule, or of OAuthBearerLoginModule with Amazon's handler.
func (r *resolver) iam(m *loginModule, tls bool) {
	const handler = "sasl.login.callback.handler.class"
	r.out.Mechanism, r.out.Client["sasl.mechanism"] = oauthBearer, oauthBearer
	if r.values["sasl.mechanism"] != oauthBearer {
		r.becomes("sasl.mechanism", "sasl.mechanism")
		r.note("sasl.mechanism", "It becomes OAUTHBEARER, with tokens that are signed with AWS credentials: MSK's brokers take "+
			"either for the same login.")
	}
	if r.values[handler] == iamHandler {
		r.say(handler, connection.WithoutEffect, "Tokens are signed here without it.")
	}
	for _, rule := range oauthRules {
		if rule.do == made {
			r.idle(iamWithout, rule.name)
		}
	}
	r.idle(iamWithout, "sasl.username", "sasl.password")
	if !tls {
		r.note("security.protocol", "Without TLS the tokens travel in the clear, and MSK's brokers offer no such listener.")
	}
	i := &IAM{}
	r.out.IAM = i
	if m != nil {
		r.iamModule(i, m)
	}
	if i.Region == "" {
		i.Region = regionOf(r.out.Bootstrap)
	}
}

// iamModule takes the module's options.
func (r *resolver) iamModule(i *IAM, m *loginModule) {
	const jaas = "sasl.jaas.config"
	known, options := map[string]string{}, i.iamOptions()
	for name, value := range m.options {
		if to := options[name]; to != nil {
			*to, known[name] = value, ""
		}
	}
	known["awsDebugCreds"] = "the log never tells whose credentials they are; the connection test does."
	for _, name := range []string{"awsMaxRetries", "awsMaxBackOffTimeMs"} {
		known[name] = "requests to AWS are repeated as its own library does."
	}
	r.options(m, known)
	r.becomes(jaas, "urncast")
	switch {
	case (i.AccessKey == "") != (i.SecretKey == ""):
		r.refuse(jaas, "Of awsRoleAccessKeyId and awsRoleSecretAccessKey only one is written: write both, or leave both out.")
	case i.Role == "" && (i.AccessKey != "" || i.Session != "" || i.ExternalID != ""):
		r.refuse(jaas, "Its options awsRole… are for a role, and there is none: add awsRoleArn=\"arn:aws:iam::…:role/…\".")
	case i.Role != "" && !strings.HasPrefix(i.Role, "arn:aws"):
		r.refuse(jaas, "awsRoleArn is no ARN of a role: write it as arn:aws:iam::123456789012:role/name.")
	case !regionName.MatchString(i.Region), !regionName.MatchString(i.STSRegion):
		r.refuse(jaas, "awsRegion and awsStsRegion are names of regions, such as eu-central-1.")
	case i.Role != "" && i.Profile != "":
		r.note(jaas, "The role is assumed with the credentials of the profile.")
	}
}

var (
	// regionName is what the name of an AWS region looks like, or nothing.
	regionName = regexp.MustCompile(`^([a-z]{2,}(-[a-z]+)+-\d+)?$`)
	// brokerRegion finds it in the name of a broker of MSK, such as
	// b-1.x.y.c2.kafka.eu-central-1.amazonaws.com:9098.
	brokerRegion = regexp.MustCompile(`\.([a-z]{2,}(?:-[a-z]+)+-\d+)\.(?:[a-z]+\.)?amazonaws\.com(?:\.cn)?:\d+$`)
)

// regionOf reads the region from the name of a broker; empty if none of them tells it.
func regionOf(servers []string) string {
	for _, s := range servers {
		if m := brokerRegion.FindStringSubmatch(strings.ToLower(s)); m != nil {
			return m[1]
		}
	}
	return ""
}
