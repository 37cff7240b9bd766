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
	// awsLife is how long the credentials of a role live: a token ends with them, so that a
	// test sees several.
	awsLife = 6 * time.Second
)

// An awsWorld is a broker that knows AWS identities by the tokens that they sign.
type awsWorld struct {
	*rig.Kafka
	aws       *rig.AWS
	authority *rig.Authority
	postgres  *pg.Server
}

// properties are a client's of Amazon MSK, as its pages give them for Java.
func (s *awsWorld) properties(options string) []string {
	return []string{"security.protocol=SASL_SSL", "ssl.truststore.type=PEM", "ssl.truststore.location=" + s.authority.File, "sasl.mechanism=AWS_MSK_IAM",
		"sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required " + options + ";",
		"sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler", "retry.backoff.ms=500"}
}

// world makes a stopped world whose process has an environment.
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

// A connection to Amazon MSK as a Java client has it publishes with tokens that are signed
// with AWS credentials: the broker computes every signature anew. Tokens end and are made
// anew under way; a refusal is told in words; what is only away comes back.
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

// testKey: a key in the environment signs, and the region comes from there too.
func (s *awsWorld) testKey(t *testing.T) {
	w := s.world(t, s.aws.KeyID, "", append(s.aws.Env(), "AWS_REGION="+s.aws.Region))
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	w.changeDuring(func() { time.Sleep(2 * time.Second) })
	w.settle()
	w.check()
}

// testRole: the credentials of an assumed role end within seconds, and the tokens with them. The
// broker asks every client for a new login by then; transactions go on, across its kill.
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
	t.Logf("%d transactions, %d tokens, %d logins anew on living connections", w.acknowledged.Load(), made, again)
	if again == 0 || made < 5 {
		t.Errorf("%d logins anew and %d tokens: the test has shown nothing about tokens that end", again, made)
	}
}

// testRefused: what cannot be cured by waiting stops the producer within seconds, with the cause
// and the cure.
func (s *awsWorld) testRefused(t *testing.T) {
	region := fmt.Sprintf("awsRegion=%q", s.aws.Region)
	role := region + fmt.Sprintf(" awsRoleArn=%q", awsRole)
	wrong := append(s.aws.Env(), "AWS_SECRET_ACCESS_KEY=wrong")
	for _, c := range []struct {
		what, options string
		env           []string
		code          string // of STS
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
			w.refused(p, c.words)
			if strings.Contains(rig.Tail(w.product.Log), s.aws.Secret) || strings.Contains(p.Reason, s.aws.Secret) {
				t.Error("the secret key is given away")
			}
		})
	}
}

// testAway: while AWS gives no credentials the last token lasts to its end; then the producer says
// so, waits, and goes on by itself.
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
		t.Errorf("the reason is %s", p.Reason)
	}
	if err := s.aws.Start(); err != nil {
		t.Fatal(err)
	}
	w.awaitFor(time.Minute, func(p producerStatus) bool { return p.Pending == 0 && p.State == "IDLE" })
	w.check()
}
