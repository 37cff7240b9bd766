package connection

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/producer/connection"
	"urncast/producer/kafka"
	"urncast/producer/kafka/trial"
)

// Every client of a connection with AWS's signed tokens logs in with them: the connections made at
// a save and in the test, the publisher's, and the topic pages' reader.
func TestAWS(t *testing.T) {
	aws, authority := rig.StartAWS(t), rig.NewAuthority(t)
	k := rig.StartSecureKafka(t, rig.Secure{Authority: authority, AWS: aws, ACLs: true, Users: map[string]string{"admin": password}})
	structures(t, k, "structures")
	rights := append(rig.Publishing("msk", "structures", "tx-"), rig.Publishing("msk", "scratch", "tx-")...)
	k.Grant(t, append(rights, rig.TopicRight("msk", "structures", kmsg.ACLOperationDescribeConfigs), rig.ClusterRight("msk", kmsg.ACLOperationDescribe),
		rig.TopicRight("msk", "scratch", kmsg.ACLOperationCreate), rig.TopicRight("msk", "scratch", kmsg.ACLOperationDelete))...)
	for _, e := range aws.Env() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	options := fmt.Sprintf(`awsRoleArn="arn:aws:iam::123456789012:role/msk" awsRegion=%q`, aws.Region)
	for name, properties := range map[string]map[string]string{
		"AWS_MSK_IAM": {"sasl.mechanism": "AWS_MSK_IAM", "sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required " + options + ";",
			"sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler"},
		"OAUTHBEARER": {"sasl.mechanism": "OAUTHBEARER", "sasl.jaas.config": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required " + options + ";",
			"sasl.login.callback.handler.class":  "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler",
			"sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler"},
	} {
		t.Run(name, func(t *testing.T) {
			properties["bootstrap.servers"], properties["security.protocol"] = k.Address(rig.SASLTLS), "SASL_SSL"
			properties["ssl.truststore.type"], properties["ssl.truststore.location"] = "PEM", authority.File
			tried := (&trial.Client{}).Try(t.Context(), reached(properties))
			if len(tried) != 1 || !tried[0].OK || !strings.Contains(tried[0].Text, "OAUTHBEARER, as User:arn:aws:iam::123456789012:role/msk") {
				t.Errorf("trying the servers at a save returned %+v", tried)
			}
			asked := asked("structures")
			asked.Scratch, asked.MakeScratch = "scratch", true
			test(t.Context(), &trial.Client{}, properties, asked, nil).expect(t, map[string]string{"tls": "warning: expires in 0 days"})

			c := &kafka.Cluster{Connection: func(context.Context, string) (*connection.Connection, error) { return reached(properties), nil }}
			for range 2 { // the second round uses the kept reader
				view, err := c.OpenTopic(t.Context(), "test", "structures")
				if err != nil {
					t.Fatal(err)
				}
				if _, end, err := view.Ends(t.Context()); err != nil || end == 0 {
					t.Errorf("the topic ends at %d (%v)", end, err)
				}
				view.Close()
			}
		})
	}
}
