package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// tokenMax bounds what is read from a token endpoint.
const tokenMax = 1 << 20

// fetchToken gets a token by client credentials, as librdkafka does, and the
// subject that it names.
func fetchToken(ctx context.Context, client map[string]string) (token, subject string, err error) {
	at, id := client["sasl.oauthbearer.token.endpoint.url"], client["sasl.oauthbearer.client.id"]
	for _, name := range []string{"sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.client.id",
		"sasl.oauthbearer.client.secret"} {
		if client[name] == "" {
			return "", "", Met(LoginIncomplete, nil, "mechanism", "OAUTHBEARER", "property", name)
		}
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope := client["sasl.oauthbearer.scope"]; scope != "" {
		form.Set("scope", scope)
	}
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", Met(TokenEndpointAway, err, "url", at)
	}
	request.SetBasicAuth(id, client["sasl.oauthbearer.client.secret"])
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	transport, err := tokenTransport(client)
	if err != nil {
		return "", "", Met(TokenEndpointTLS, err, "url", at)
	}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return "", "", tokenTrouble(err, at)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, tokenMax))
	if err != nil {
		return "", "", tokenTrouble(err, at)
	}
	return readToken(answer, body, at, id)
}

func tokenTrouble(err error, at string) error {
	var bad *tls.CertificateVerificationError
	if errors.As(err, &bad) {
		return Met(TokenEndpointTLS, bad.Err, "url", at)
	}
	var outer *url.Error // names the address once more
	if errors.As(err, &outer) {
		err = outer.Err
	}
	return Met(TokenEndpointAway, err, "url", at)
}

// readToken returns the token in the endpoint's answer. The endpoint's text of an error is shown: it
// never has the client's secret.
func readToken(answer *http.Response, body []byte, at, id string) (token, subject string, err error) {
	var said struct {
		Token       string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	odd := json.Unmarshal(body, &said)
	switch {
	case answer.StatusCode == http.StatusBadRequest, answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		words := strings.TrimSpace(strings.Join([]string{answer.Status, said.Error, said.Description}, " "))
		return "", "", Met(TokenClientRefused, errors.New(words), "url", at, "user", id)
	case answer.StatusCode != http.StatusOK:
		return "", "", Met(TokenEndpointOdd, fmt.Errorf("it answers %s", answer.Status), "url", at)
	case odd != nil:
		return "", "", Met(TokenEndpointOdd, errors.New("its answer is no JSON"), "url", at)
	case said.Token == "":
		return "", "", Met(TokenEndpointOdd, errors.New("its answer has no access_token"), "url", at)
	}
	return said.Token, subjectOf(said.Token, id), nil
}

// subjectOf returns a token's claim sub, which is the principal by default; the client's id if the
// token is no JWT.
func subjectOf(token, id string) string {
	var claims struct {
		Subject string `json:"sub"`
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return id
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil || claims.Subject == "" {
		return id
	}
	return claims.Subject
}

// tokenTransport returns a transport that trusts the same certificates as librdkafka.
func tokenTransport(client map[string]string) (*http.Transport, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	pem := []byte(client["https.ca.pem"])
	if path := client["https.ca.location"]; len(pem) == 0 && path != "" && path != "probe" {
		var err error
		if pem, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	if len(pem) > 0 {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, errors.New("https.ca.location holds no certificate")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return transport, nil
}

// extensions reads "name=value,name=value".
func extensions(client map[string]string) map[string]string {
	out := map[string]string{}
	for pair := range strings.SplitSeq(client["sasl.oauthbearer.extensions"], ",") {
		if name, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
			out[name] = value
		}
	}
	return out
}
