package integration

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

const (
	awsRole = "arn:aws:iam::123456789012:role/publisher"
	// awsLife is the lifetime of an assumed role's credentials. A token expires with the
	// credentials that signed it; this is short enough for a test to see several.
	awsLife = 6 * time.Second
)

// An awsWorld is a broker that authenticates clients by tokens that they sign with AWS
// credentials, as Amazon MSK does.
type awsWorld struct {
	*rig.Kafka
	aws       *rig.AWS
	authority *rig.Authority
	postgres  *pg.Server
}

// properties returns the client properties that Amazon's documentation gives for a Java client
// of MSK; options are those of IAMLoginModule.
func (s *awsWorld) properties(options string) []string {
	return []string{"security.protocol=SASL_SSL", "ssl.truststore.type=PEM", "ssl.truststore.location=" + s.authority.File, "sasl.mechanism=AWS_MSK_IAM",
		"sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required " + options + ";",
		"sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler", "retry.backoff.ms=500"}
}

// world makes a world whose producer was never started. env is added to the environment of its
// instance; the broker allows user to publish.
func (s *awsWorld) world(t *testing.T, user, options string, env []string) *world {
	t.Helper()
	name := fmt.Sprintf("w%d", worlds.Add(1))
	w := &world{t: t, kafka: s.Kafka, postgres: s.postgres, database: name, topic: "structures." + name, random: rand.New(rand.NewPCG(seed(t), 0))}
	s.CreateTopic(t, w.topic, "cleanup.policy=compact", "min.compaction.lag.ms=604800000")
	s.Grant(t, rig.Publishing(user, w.topic, "tx-")...)
	w.settings = rig.Settings{Database: s.postgres.Database(t, name), Bootstrap: s.Address(rig.SASLTLS), Topic: w.topic,
		Kafka: s.properties(options), Tags: "crashpoints", Env: env}
	w.product = rig.NewProduct(t, w.settings)
	w.start()
	return w
}

// A connection with the properties of a Java client of Amazon MSK publishes with tokens that
// are signed with AWS credentials; the broker computes each signature again to check it. The
// test covers tokens that expire and are renewed while publishing, the messages for refused
// tokens, and recovery when STS was unreachable.
func TestAWS(t *testing.T) {
	t.Parallel()
	s := &awsWorld{aws: rig.StartAWS(t), authority: rig.NewAuthority(t), postgres: pg.Shared(t)}
	s.Kafka = rig.StartSecureKafka(t, rig.Secure{Authority: s.authority, AWS: s.aws, ACLs: true, Reauthenticate: time.Hour,
		Users: map[string]string{"admin": "admin-secret"}})
	t.Run("refused", s.testRefused)
	t.Run("key", s.testKey)
	t.Run("role", s.testRole)
	t.Run("away", s.testAway)
}

// testKey publishes with an access key from the environment, which also names the region.
func (s *awsWorld) testKey(t *testing.T) {
	w := s.world(t, s.aws.KeyID, "", append(s.aws.Env(), "AWS_REGION="+s.aws.Region))
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	w.changeDuring(func() { time.Sleep(2 * time.Second) })
	w.settle()
	w.check()
}

// testRole publishes with the credentials of an assumed role, which expire within seconds, and
// the tokens with them. The broker makes every client authenticate again before that
// (KIP-368). Publishing continues throughout, also when the broker is killed and started
// again.
func (s *awsWorld) testRole(t *testing.T) {
	s.aws.SetLife(awsLife)
	defer s.aws.SetLife(15 * time.Minute)
	w := s.world(t, "publisher", fmt.Sprintf("awsRoleArn=%q awsRegion=%q", awsRole, s.aws.Region), s.aws.Env())
	before, assumed := s.Reauthentications(t)["OAUTHBEARER"], s.aws.Assumed()
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	w.changeDuring(func() {
		time.Sleep(3 * awsLife)
		s.Kill()
		if err := s.Start(); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * awsLife)
	})
	w.settle()
	w.check()
	again, made := s.Reauthentications(t)["OAUTHBEARER"]-before, s.aws.Assumed()-assumed
	t.Logf("%d transactions, role assumed %d times, %d re-authentications on open connections", w.acknowledged.Load(), made, again)
	if again == 0 || made < 5 {
		t.Errorf("%d re-authentications and %d credentials, want at least 1 and 5: no token expired, so nothing was tested", again, made)
	}
}

// testRefused checks that an error which waiting cannot cure makes the producer FAILED within
// seconds, with a reason that states the cause and the remedy.
func (s *awsWorld) testRefused(t *testing.T) {
	region := fmt.Sprintf("awsRegion=%q", s.aws.Region)
	role := region + fmt.Sprintf(" awsRoleArn=%q", awsRole)
	wrong := append(s.aws.Env(), "AWS_SECRET_ACCESS_KEY=wrong")
	for _, c := range []struct {
		what, options string
		env           []string
		code          string // error code of STS; none if empty
		words         []string
	}{
		{"no credentials", region, s.aws.EnvWithout(), "", []string{"No AWS credentials were found", "AWS_ACCESS_KEY_ID"}},
		{"no region", "", s.aws.Env(), "", []string{"region of the brokers is not known", "AWS_REGION"}},
		{"role refused", role, s.aws.Env(), "AccessDenied", []string{"cannot be assumed: AccessDenied", awsRole, "trust policy"}},
		{"wrong secret", region, wrong, "", []string{"refuses the AWS signature of access key " + s.aws.KeyID, "kafka-cluster:Connect"}},
		{"wrong region", `awsRegion="us-east-1"`, s.aws.Env(), "", []string{"refuses the AWS signature", "region"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			s.aws.Refuse(c.code)
			defer s.aws.Refuse("")
			w := s.world(t, "publisher", c.options, c.env)
			w.command("start", "idle")
			p := w.awaitFor(4*refusedWithin, func(p producerStatus) bool { return p.State == "FAILED" })
			t.Log(p.Reason)
			w.wantRefused(p, c.words)
			if strings.Contains(rig.Tail(w.product.Log), s.aws.Secret) || strings.Contains(p.Reason, s.aws.Secret) {
				t.Error("the reason or the log contains the secret key")
			}
		})
	}
}

// testAway stops STS. The last token is used until it expires; then the producer is DEGRADED
// with a reason that says so, and publishes again without help when STS is back.
func (s *awsWorld) testAway(t *testing.T) {
	s.aws.SetLife(awsLife)
	defer s.aws.SetLife(15 * time.Minute)
	w := s.world(t, "publisher", fmt.Sprintf("awsRoleArn=%q awsRegion=%q", awsRole, s.aws.Region), s.aws.Env())
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	s.aws.Stop()
	time.Sleep(awsLife + 2*time.Second)
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(rig.Codelist{ID: "CL_AWAY", Name: "Away", Codes: 1})); err != nil {
		t.Fatal(err)
	}
	p := w.awaitFor(time.Minute, func(p producerStatus) bool { return p.State == "DEGRADED" })
	t.Log(p.Reason)
	if !strings.Contains(p.Reason, "AWS gives no credentials at the moment") {
		t.Errorf("the reason does not say that AWS gives no credentials: %s", p.Reason)
	}
	if err := s.aws.Start(); err != nil {
		t.Fatal(err)
	}
	w.awaitFor(time.Minute, func(p producerStatus) bool { return p.Pending == 0 && p.State == "IDLE" })
	w.check()
}
