package main

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties"
)

// librdkafka asks the token endpoint as Java does: the client's id and secret in
// a header, encoded first only where sasl.oauthbearer.header.urlencode says so.
func TestClientAsksTheTokenEndpoint(t *testing.T) {
	for encode, want := range map[string]string{"false": "id+1:secret&1", "true": "id%2B1:secret%261"} {
		asked := make(chan *http.Request, 10)
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.ParseForm()
			asked <- r
			w.WriteHeader(http.StatusUnauthorized)
		}))
		r, _, err := properties.Resolve(&connection.Connection{Properties: map[string]string{
			"bootstrap.servers": "127.0.0.1:1", "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER",
			"sasl.oauthbearer.token.endpoint.url": endpoint.URL + "/token", "sasl.oauthbearer.header.urlencode": encode,
			"sasl.jaas.config": `org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required
				clientId="id+1" clientSecret="secret&1" scope="kafka write";`,
		}})
		if err != nil {
			t.Fatal(err)
		}
		m := ck.ConfigMap{"log_level": 0}
		for k, v := range r.Client {
			m[k] = v
		}
		admin, err := ck.NewAdminClient(&m)
		if err != nil {
			t.Fatal(err)
		}
		select {
		case q := <-asked:
			sent, err := base64.StdEncoding.DecodeString(q.Header.Get("Authorization")[len("Basic "):])
			if err != nil || string(sent) != want {
				t.Errorf("urlencode=%s: the header holds %q: %v", encode, sent, err)
			}
			if f := (url.Values{"grant_type": {"client_credentials"}, "scope": {"kafka write"}}).Encode(); q.PostForm.Encode() != f {
				t.Errorf("the form is %s, not %s", q.PostForm.Encode(), f)
			}
		case <-time.After(10 * time.Second):
			t.Error("the token endpoint was not asked")
		}
		admin.Close()
		endpoint.Close()
	}
}
