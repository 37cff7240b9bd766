package properties

import (
	"urncast/producer/connection"
	"urncast/producer/kafka/properties/kerberos"
)

// Endings lists what a connection rests on and what ends: certificates, and the keys
// of a keytab.
func Endings(c *connection.Connection) (out []connection.Ending) {
	r, _, err := Resolve(c)
	if err != nil {
		return nil
	}
	for _, cert := range r.Certificates {
		out = append(out, connection.Ending{Where: cert.Where, What: cert.Subject, At: cert.NotAfter})
	}
	if r.Kerberos != nil && r.Kerberos.Keytab != nil {
		if k, err := kerberos.ReadKeytab(r.Kerberos.Keytab); err == nil {
			out = append(out, kerberos.Keys("sasl.kerberos.keytab", k)...)
		}
	}
	return out
}
