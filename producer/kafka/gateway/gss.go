package gateway

import (
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// An exchange is the client's side of one GSSAPI authentication (RFC 4752).
type exchange struct {
	key    types.EncryptionKey
	waited bool // the broker sent an empty token
	chosen bool // the security layer is chosen: the last token was made
}

// mechanism is the object identifier of Kerberos 5 with its tag and length, and
// the token's kind: an AP_REQ.
var mechanism = []byte{6, 9, 42, 134, 72, 134, 247, 18, 1, 2, 2, 1, 0}

// exchange begins an authentication and returns its first token.
func (t *ticket) exchange() (*exchange, []byte, error) {
	a, err := types.NewAuthenticator(t.realm, t.client)
	if err != nil {
		return nil, nil, err
	}
	// RFC 4121: no channel bindings, and the flags for integrity and
	// confidentiality, which the security layer's negotiation needs.
	const checksumGSSAPI = 0x8003
	a.Cksum = types.Checksum{CksumType: checksumGSSAPI, Checksum: []byte{0: 16, 20: gssapi.ContextFlagInteg | gssapi.ContextFlagConf, 23: 0}}
	request, err := messages.NewAPReq(t.ticket, t.key, a)
	if err != nil {
		return nil, nil, err
	}
	body, err := request.Marshal()
	if err != nil {
		return nil, nil, err
	}
	body = append(append([]byte{}, mechanism...), body...)
	return &exchange{key: t.key}, append(derHead(0x60, len(body)), body...), nil
}

// derHead gives a tag and a length in DER.
func derHead(tag byte, n int) []byte {
	if n < 128 {
		return []byte{tag, byte(n)}
	}
	var length []byte
	for ; n > 0; n >>= 8 {
		length = append([]byte{byte(n)}, length...)
	}
	return append([]byte{tag, 0x80 | byte(len(length))}, length...)
}

// next returns the token that answers the broker's; nil at the end. The broker's token is signed
// with the ticket's key, which proves that it could open the ticket and so is the broker.
func (x *exchange) next(said []byte) ([]byte, error) {
	if x.chosen {
		return nil, nil
	}
	if len(said) == 0 && !x.waited {
		x.waited = true
		return []byte{}, nil
	}
	x.chosen = true
	var offer gssapi.WrapToken
	if err := offer.Unmarshal(said, true); err != nil {
		return nil, fmt.Errorf("%w (encryption type %d of the session)", err, x.key.KeyType)
	}
	if good, err := offer.Verify(x.key, keyusage.GSSAPI_ACCEPTOR_SEAL); err != nil || !good {
		return nil, fmt.Errorf("the broker's token is not signed with the ticket's key: %w", err)
	}
	const layerNone = 1
	if len(offer.Payload) != 4 || offer.Payload[0]&layerNone == 0 {
		return nil, errors.New("the broker insists on a security layer inside SASL (sasl.qop), which Kafka does not have")
	}
	choice, err := gssapi.NewInitiatorWrapToken([]byte{layerNone, 0, 0, 0}, x.key)
	if err != nil {
		return nil, err
	}
	return choice.Marshal()
}
