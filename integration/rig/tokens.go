package rig

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Audience is the claim "aud" of the rig's tokens, which its brokers require.
const Audience = "kafka"

// A TokenEndpoint is an OAuth 2.0 authorization server for the client credentials grant: it
// issues signed JWTs, and publishes the key that verifies them.
type TokenEndpoint struct {
	// HTTP and HTTPS are the URLs of the token endpoint. Clients of the second must trust the
	// authority.
	HTTP, HTTPS string
	// Keys is the URL of the JWKS document, which brokers read.
	Keys string
	// Issuer is the claim "iss".
	Issuer string

	key       *rsa.PrivateKey
	clients   map[string]string
	pair      tls.Certificate
	addresses [2]string // of HTTP and HTTPS; the ports are chosen once
	server    *http.Server

	mu     sync.Mutex
	life   time.Duration
	fail   int
	delay  time.Duration
	issued int
	scopes []string
}

// StartTokenEndpoint starts a token endpoint for clients, a map of client ids to secrets. It
// ends with the test. Its tokens expire after five minutes until SetLife says otherwise.
func StartTokenEndpoint(tb testing.TB, a *Authority, clients map[string]string) *TokenEndpoint {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	e := &TokenEndpoint{key: key, clients: clients, life: 5 * time.Minute, addresses: [2]string{"127.0.0.1:0", "127.0.0.1:0"}}
	c := a.Issue(tb, Subject{Name: "tokens"})
	if e.pair, err = tls.LoadX509KeyPair(c.Chain, c.Key); err != nil {
		tb.Fatal(err)
	}
	if err := e.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(e.Stop)
	clear, secret := "http://"+named(e.addresses[0]), "https://"+named(e.addresses[1])
	e.Issuer, e.HTTP, e.Keys, e.HTTPS = clear, clear+"/token", clear+"/jwks", secret+"/token"
	return e
}

// named returns a loopback address with the host name localhost, for which the certificate is
// valid.
func named(address string) string { return "localhost" + strings.TrimPrefix(address, "127.0.0.1") }

// Stop closes the endpoint's ports; Start opens the same ones again.
func (e *TokenEndpoint) Stop() { e.server.Close() }

// Start opens the endpoint's ports.
func (e *TokenEndpoint) Start() error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", e.token)
	mux.HandleFunc("GET /jwks", e.jwks)
	// TLS handshakes that fail are expected: tests give clients a wrong authority.
	quiet := log.New(io.Discard, "", 0)
	e.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet}
	for i, secret := range []bool{false, true} {
		l, err := net.Listen("tcp", e.addresses[i])
		if err != nil {
			return err
		}
		e.addresses[i] = l.Addr().String()
		if secret {
			l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{e.pair}, MinVersion: tls.VersionTLS12})
		}
		go e.server.Serve(l) // ends with Stop
	}
	return nil
}

// SetLife sets the lifetime of tokens that are issued from now on.
func (e *TokenEndpoint) SetLife(d time.Duration) { e.set(func() { e.life = d }) }

// Fail makes every request for a token fail with an HTTP status; 0 ends that.
func (e *TokenEndpoint) Fail(status int) { e.set(func() { e.fail = status }) }

// Delay delays every response of the token endpoint.
func (e *TokenEndpoint) Delay(d time.Duration) { e.set(func() { e.delay = d }) }

func (e *TokenEndpoint) set(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
}

// Issued returns how many tokens were issued.
func (e *TokenEndpoint) Issued() (n int) {
	e.set(func() { n = e.issued })
	return n
}

// Scopes returns the scopes of the requests for which tokens were issued.
func (e *TokenEndpoint) Scopes() (s []string) {
	e.set(func() { s = append(s, e.scopes...) })
	return s
}

// token handles an access token request (RFC 6749, section 4.4).
func (e *TokenEndpoint) token(w http.ResponseWriter, r *http.Request) {
	var life, delay time.Duration
	var fail int
	e.set(func() { life, delay, fail = e.life, e.delay, e.fail })
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return
	}
	client, secret, basic := r.BasicAuth()
	if !basic {
		client, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	want, known := e.clients[client]
	switch {
	case fail != 0:
		refuse(w, fail, "server_error", "The test made the token endpoint fail")
		return
	case r.PostFormValue("grant_type") != "client_credentials":
		refuse(w, http.StatusBadRequest, "unsupported_grant_type", "Only client_credentials is supported")
		return
	case !known || secret != want:
		refuse(w, http.StatusUnauthorized, "invalid_client", "The client is unknown, or its secret is wrong")
		return
	}
	scope := r.PostFormValue("scope")
	text, err := e.Sign(client, scope, life)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error", err.Error())
		return
	}
	e.set(func() { e.issued++; e.scopes = append(e.scopes, scope) })
	answer(w, http.StatusOK, map[string]any{"access_token": text, "token_type": "Bearer", "expires_in": int(life.Seconds()), "scope": scope})
}

func refuse(w http.ResponseWriter, status int, code, text string) {
	answer(w, status, map[string]string{"error": code, "error_description": text})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // fails only if the client has gone
}

// keyID identifies the one key, in tokens and in the JWKS document.
const keyID = "rig"

// Sign makes a token for a client, whose secret it does not need.
func (e *TokenEndpoint) Sign(client, scope string, life time.Duration) (string, error) {
	now := time.Now()
	claims := map[string]any{
		"iss": e.Issuer, "sub": client, "aud": Audience, "jti": uuid.NewString(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(life).Unix(),
	}
	if scope != "" {
		claims["scope"] = scope
	}
	var parts []string
	for _, v := range []any{map[string]string{"alg": "RS256", "typ": "JWT", "kid": keyID}, claims} {
		text, err := json.Marshal(v)
		if err != nil {
			return "", err
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	signed := strings.Join(parts, ".")
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, e.key, crypto.SHA256, digest[:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// jwks responds with the public key (RFC 7517).
func (e *TokenEndpoint) jwks(w http.ResponseWriter, _ *http.Request) {
	encode := base64.RawURLEncoding.EncodeToString
	answer(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID,
		"n": encode(e.key.N.Bytes()), "e": encode(big.NewInt(int64(e.key.E)).Bytes()),
	}}})
}
