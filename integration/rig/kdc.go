package rig

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig/port"
)

// Realm is the rig's Kerberos realm.
const Realm = "EXAMPLE.TEST"

// A KDC is a real MIT Kerberos server with a database of its own, in which the test creates
// principals.
type KDC struct {
	// Config is the path of krb5.conf, for clients and brokers.
	Config string
	// Address is the host:port of the server, for UDP and TCP.
	Address string
	// BrokerKeytab is the keytab of all brokers that use this KDC. The first of them makes it;
	// each reads it at every start.
	BrokerKeytab string

	tb      testing.TB
	dir     string
	process *Process
}

// kerberosTools are the programs of Debian's packages krb5-kdc, krb5-admin-server and
// krb5-user that the rig runs.
var kerberosTools = []string{"krb5kdc", "kdb5_util", "kadmin.local", "kinit"}

// kerberosTool returns the path of a program, also from folders that are only in root's PATH;
// "" if it is not installed.
func kerberosTool(name string) string {
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/lib/mit/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

// StartKDC starts a KDC that ends with the test.
func StartKDC(tb testing.TB) *KDC {
	tb.Helper()
	for _, name := range kerberosTools {
		if kerberosTool(name) == "" {
			Missing(tb, "the KDC needs %s, which is not on this machine (Debian: apt-get install krb5-kdc krb5-admin-server krb5-user)", name)
		}
	}
	port, err := port.Free()
	if err != nil {
		tb.Fatal(err)
	}
	k := &KDC{tb: tb, dir: tb.TempDir(), Address: fmt.Sprintf("127.0.0.1:%d", port)}
	k.Config = filepath.Join(k.dir, "krb5.conf")
	for file, text := range map[string]string{
		"krb5.conf": fmt.Sprintf(krb5Conf, Realm, k.Address, k.dir),
		"kdc.conf":  fmt.Sprintf(kdcConf, Realm, k.Address, k.dir),
		"kadm5.acl": "",
	} {
		if err := os.WriteFile(filepath.Join(k.dir, file), []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	k.command("kdb5_util", "create", "-s", "-r", Realm, "-P", "rig-master-key")
	if err := k.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(k.Stop)
	return k
}

// krb5Conf configures clients without DNS, so that they use only what the test wrote.
const krb5Conf = `[libdefaults]
  default_realm = %[1]s
  dns_lookup_realm = false
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
  forwardable = true

[realms]
  %[1]s = {
    kdc = %[2]s
  }

[domain_realm]
  localhost = %[1]s
`

const kdcConf = `[kdcdefaults]
  kdc_listen = %[2]s
  kdc_tcp_listen = %[2]s

[realms]
  %[1]s = {
    database_name = %[3]s/principal
    key_stash_file = %[3]s/stash
    acl_file = %[3]s/kadm5.acl
    max_life = 10h
    max_renewable_life = 7d
    supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
  }

[logging]
  kdc = FILE:%[3]s/kdc.log
  admin_server = FILE:%[3]s/kadmin.log
`

// Env returns the environment of programs that use this KDC.
func (k *KDC) Env() []string {
	return []string{"KRB5_CONFIG=" + k.Config, "KRB5_KDC_PROFILE=" + filepath.Join(k.dir, "kdc.conf")}
}

// Start starts the server and waits until it listens.
func (k *KDC) Start() (err error) {
	log := filepath.Join(k.dir, "krb5kdc.out")
	k.process, err = Launch(log, k.Env(), kerberosTool("krb5kdc"), "-n", "-r", Realm)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", k.Address); err == nil {
			return c.Close()
		}
	}
	k.process.Kill()
	return fmt.Errorf("the KDC does not listen on %s:\n%s\n%s", k.Address, Tail(log), Tail(filepath.Join(k.dir, "kdc.log")))
}

// Stop ends the server. Its database is kept, and Start starts it again.
func (k *KDC) Stop() { k.process.Kill() }

// Pause stops the server's process with SIGSTOP: its ports stay open, and it does not respond
// until Continue.
func (k *KDC) Pause() { k.process.Pause() }

// Continue lets a paused server go on.
func (k *KDC) Continue() { k.process.Continue() }

// AddPrincipal adds a principal. Without a password it gets a random key, for a keytab.
func (k *KDC) AddPrincipal(name, password string) {
	k.tb.Helper()
	key := "-randkey"
	if password != "" {
		key = "-pw " + password
	}
	k.Admin("addprinc " + key + " " + name)
}

// Keytab returns a new keytab with the current keys of principals.
func (k *KDC) Keytab(principals ...string) string {
	k.tb.Helper()
	f, err := os.CreateTemp(k.dir, "*.keytab")
	if err != nil {
		k.tb.Fatal(err)
	}
	f.Close()
	os.Remove(f.Name()) // kadmin rejects an empty file as damaged
	k.AddToKeytab(f.Name(), principals...)
	return f.Name()
}

// AddToKeytab adds the current keys of principals to a keytab.
func (k *KDC) AddToKeytab(file string, principals ...string) {
	k.tb.Helper()
	k.Admin("ktadd -norandkey -k " + file + " " + strings.Join(principals, " "))
}

// ChangeKey gives a principal a new random key, so that older keytabs are no longer valid.
func (k *KDC) ChangeKey(name string) {
	k.tb.Helper()
	k.Admin("cpw -randkey " + name)
}

// SetLifetime limits the lifetime of a principal's tickets, and how long they can be renewed.
// The limits of the client and of the service both apply to a ticket.
func (k *KDC) SetLifetime(name string, life, renew time.Duration) {
	k.tb.Helper()
	k.Admin(fmt.Sprintf(`modprinc -maxlife "%d seconds" -maxrenewlife "%d seconds" %s`, int(life.Seconds()), int(renew.Seconds()), name))
}

// TicketService is the principal of the ticket-granting service, whose limits apply to every
// login.
const TicketService = "krbtgt/" + Realm + "@" + Realm

// Admin runs a kadmin query on the database; the server need not run.
func (k *KDC) Admin(query string) string {
	k.tb.Helper()
	out := k.command("kadmin.local", "-r", Realm, "-q", query)
	// kadmin.local exits with status 0 even if the query fails.
	for line := range strings.Lines(out) {
		if strings.Contains(line, "while ") && !strings.Contains(line, "WARNING") {
			k.tb.Fatalf("kadmin.local %s: %s", query, out)
		}
	}
	return out
}

// Login runs kinit with a keytab, and returns the path of the ticket cache. flags are further
// flags of kinit, such as "-l", "60s".
func (k *KDC) Login(keytab, principal string, flags ...string) string {
	k.tb.Helper()
	cache := filepath.Join(k.tb.TempDir(), "krb5cc")
	k.LoginInto(cache, keytab, principal, flags...)
	return cache
}

// LoginInto is Login with a given ticket cache.
func (k *KDC) LoginInto(cache, keytab, principal string, flags ...string) {
	k.tb.Helper()
	k.command("kinit", append(flags, "-k", "-t", keytab, "-c", cache, principal)...)
}

// command runs a Kerberos program until it ends.
func (k *KDC) command(name string, args ...string) string {
	k.tb.Helper()
	c := exec.Command(kerberosTool(name), args...)
	c.Env = append(os.Environ(), k.Env()...)
	out, err := c.CombinedOutput()
	if err != nil {
		k.tb.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
