package probe

import "github.com/twmb/franz-go/pkg/kversion"

// Version returns the release of Kafka that the offered versions fit, for people: "v4.1",
// "between v3.3 and v3.4".
func (p *Peer) Version() string {
	versions := &kversion.Versions{}
	for key, offered := range p.Offered {
		versions.SetMaxKeyVersion(key, offered.Max)
	}
	return versions.VersionGuess()
}
