package rig

import (
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// An AWS stands for the part of Amazon's cloud that a client of MSK uses: an identity with an
// access key, and the service that lets it assume roles (STS). A broker that is secured with
// it accepts, for OAUTHBEARER, tokens that are signed with such credentials, and computes each
// signature again to check it. The broker's principals are key ids and names of roles.
type AWS struct {
	Region string
	// KeyID and Secret are the long-lived access key of the only identity.
	KeyID, Secret string

	seed    string
	address string
	server  *http.Server

	mu      sync.Mutex
	life    time.Duration
	refuse  string
	assumed int
}

// StartAWS starts STS, which ends with the test. The credentials that it issues expire after
// 15 minutes until SetLife says otherwise.
func StartAWS(tb testing.TB) *AWS {
	tb.Helper()
	a := &AWS{Region: "eu-central-1", KeyID: "AKIARIGRIGRIGRIGRIG1", Secret: "rig/secret+key/of/the/one/identity/there", seed: "rig-seed",
		address: "127.0.0.1:0", life: 15 * time.Minute}
	if err := a.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(a.Stop)
	return a
}

// Stop closes the port of STS; Start opens the same one again.
func (a *AWS) Stop() { a.server.Close() }

// Start opens the port of STS.
func (a *AWS) Start() error {
	l, err := net.Listen("tcp", a.address)
	if err != nil {
		return err
	}
	a.address = l.Addr().String()
	a.server = &http.Server{Handler: http.HandlerFunc(a.sts), ReadHeaderTimeout: 10 * time.Second}
	go a.server.Serve(l) // ends with Stop
	return nil
}

// Env returns the environment of a client that has the identity's key.
func (a *AWS) Env() []string {
	return append(a.EnvWithout(), "AWS_ACCESS_KEY_ID="+a.KeyID, "AWS_SECRET_ACCESS_KEY="+a.Secret)
}

// EnvWithout returns the environment of a client without credentials, which can ask only the
// rig for some.
func (a *AWS) EnvWithout() []string {
	return []string{"AWS_ENDPOINT_URL_STS=http://" + a.address, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=", "AWS_PROFILE=", "AWS_REGION=", "AWS_MAX_ATTEMPTS=1"}
}

// SetLife sets the lifetime of credentials that are issued from now on.
func (a *AWS) SetLife(d time.Duration) { a.set(func() { a.life = d }) }

// Refuse makes every request fail with an error code of STS, such as AccessDenied; "" ends
// that.
func (a *AWS) Refuse(code string) { a.set(func() { a.refuse = code }) }

// Assumed returns how many times a role was assumed.
func (a *AWS) Assumed() (n int) {
	a.set(func() { n = a.assumed })
	return n
}

func (a *AWS) set(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

// sts answers AssumeRole in XML, as STS does. It checks which key signed the request, but not
// the signature.
func (a *AWS) sts(w http.ResponseWriter, r *http.Request) {
	var life time.Duration
	var code string
	a.set(func() { life, code = a.life, a.refuse })
	role := r.PostFormValue("RoleArn")
	switch {
	case code != "":
	case r.PostFormValue("Action") != "AssumeRole" || role == "" || r.PostFormValue("RoleSessionName") == "":
		code = "ValidationError"
	case !strings.Contains(r.Header.Get("Authorization"), "Credential="+a.KeyID+"/"):
		code = "InvalidClientTokenId"
	}
	w.Header().Set("Content-Type", "text/xml")
	if code != "" {
		status := http.StatusForbidden
		if code == "ServiceUnavailable" {
			status = http.StatusServiceUnavailable
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>The test makes STS refuse sts:AssumeRole on %s</Message></Error><RequestId>rig</RequestId></ErrorResponse>", code, role)
		return
	}
	end := time.Now().Add(life)
	key := fmt.Sprintf("ASIARIG%013d", end.UnixMilli())
	session := fmt.Sprintf("%d %s", end.UnixMilli(), role[strings.LastIndexByte(role, '/')+1:])
	mac := hmac.New(sha256.New, []byte(a.seed))
	mac.Write([]byte(key + session))
	a.set(func() { a.assumed++ })
	fmt.Fprintf(w, "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>rig:%[1]s</AssumedRoleId><Arn>%[2]s</Arn></AssumedRoleUser>"+
		"<Credentials><AccessKeyId>%[3]s</AccessKeyId><SecretAccessKey>%[4]s</SecretAccessKey><SessionToken>%[5]s</SessionToken><Expiration>%[6]s</Expiration></Credentials>"+
		"</AssumeRoleResult><ResponseMetadata><RequestId>rig</RequestId></ResponseMetadata></AssumeRoleResponse>",
		r.PostFormValue("RoleSessionName"), role, key, hex.EncodeToString(mac.Sum(nil)), session, end.UTC().Format("2006-01-02T15:04:05.000Z"))
}

//go:embed java/SignedTokens.java
var signedTokens []byte

// compiledHandler compiles the broker's callback handler for signed tokens, once for each
// version of its source, and returns the folder with the class.
func (a *AWS) compiledHandler(tb testing.TB) string {
	tb.Helper()
	if _, err := exec.LookPath("javac"); err != nil {
		Missing(tb, "the broker's callback handler for AWS tokens needs javac, which is not on the PATH (Debian: apt-get install default-jdk-headless)")
	}
	sum := sha256.Sum256(signedTokens)
	home := filepath.Join(Cache(tb), "signedtokens-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(home); err == nil {
		return home
	}
	work := tb.TempDir()
	source := filepath.Join(work, "SignedTokens.java")
	if err := os.WriteFile(source, signedTokens, 0o644); err != nil {
		tb.Fatal(err)
	}
	made, err := os.MkdirTemp(Cache(tb), "compile-")
	if err != nil {
		tb.Fatal(err)
	}
	out, err := exec.Command("javac", "-nowarn", "-cp", filepath.Join(Jars(tb), "*"), "-d", made, source).CombinedOutput()
	if err != nil {
		tb.Fatalf("javac: %v\n%s", err, out)
	}
	if err := os.Rename(made, home); err != nil { // another process was faster
		os.RemoveAll(made)
	}
	return home
}

// brokerProperties returns the properties of a SASL listener that accepts signed tokens.
func (a *AWS) brokerProperties() []string {
	return []string{
		"oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
		"oauthbearer.sasl.server.callback.handler.class=SignedTokens",
	}
}

// jvmFlags returns the JVM flags that the callback handler reads.
func (a *AWS) jvmFlags() []string {
	return []string{"-Drig.aws.region=" + a.Region, "-Drig.aws.seed=" + a.seed, "-Drig.aws.key." + a.KeyID + "=" + a.Secret}
}
