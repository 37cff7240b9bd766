package rig

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// A Right is one access control entry: an operation that a user may do from any host, or with
// Deny may not.
type Right struct {
	User      string // without "User:"
	Resource  kmsg.ACLResourceType
	Name      string // of the resource; "kafka-cluster" for the cluster
	Prefixed  bool   // Name is a prefix of the resources' names
	Operation kmsg.ACLOperation
	Deny      bool
}

// TopicRight allows an operation on a topic.
func TopicRight(user, topic string, op kmsg.ACLOperation) Right {
	return Right{User: user, Resource: kmsg.ACLResourceTypeTopic, Name: topic, Operation: op}
}

// TransactionalRight allows an operation on every transactional id with the prefix.
func TransactionalRight(user, prefix string, op kmsg.ACLOperation) Right {
	return Right{User: user, Resource: kmsg.ACLResourceTypeTransactionalId, Name: prefix, Prefixed: true, Operation: op}
}

// ClusterRight allows an operation on the cluster.
func ClusterRight(user string, op kmsg.ACLOperation) Right {
	return Right{User: user, Resource: kmsg.ACLResourceTypeCluster, Name: "kafka-cluster", Operation: op}
}

func (r Right) pattern() kmsg.ACLResourcePatternType {
	if r.Prefixed {
		return kmsg.ACLResourcePatternTypePrefixed
	}
	return kmsg.ACLResourcePatternTypeLiteral
}

func (r Right) permission() kmsg.ACLPermissionType {
	if r.Deny {
		return kmsg.ACLPermissionTypeDeny
	}
	return kmsg.ACLPermissionTypeAllow
}

// Grant adds rights to the broker's access control list.
func (k *Kafka) Grant(tb testing.TB, rights ...Right) {
	tb.Helper()
	req := kmsg.NewPtrCreateACLsRequest()
	for _, r := range rights {
		c := kmsg.NewCreateACLsRequestCreation()
		c.ResourceType, c.ResourceName, c.ResourcePatternType = r.Resource, r.Name, r.pattern()
		c.Principal, c.Host, c.Operation, c.PermissionType = "User:"+r.User, "*", r.Operation, r.permission()
		req.Creations = append(req.Creations, c)
	}
	resp, err := req.RequestWith(tb.Context(), k.Client(tb))
	if err != nil {
		tb.Fatalf("granting rights: %v", err)
	}
	for i, result := range resp.Results {
		if result.ErrorCode != 0 {
			tb.Fatalf("granting %+v: %s", rights[i], refusal(result.ErrorCode, result.ErrorMessage))
		}
	}
}

// Revoke removes rights from the broker's access control list; each must be there.
func (k *Kafka) Revoke(tb testing.TB, rights ...Right) {
	tb.Helper()
	req := kmsg.NewPtrDeleteACLsRequest()
	for _, r := range rights {
		f := kmsg.NewDeleteACLsRequestFilter()
		principal, host := "User:"+r.User, "*"
		f.ResourceType, f.ResourceName, f.ResourcePatternType = r.Resource, &r.Name, r.pattern()
		f.Principal, f.Host, f.Operation, f.PermissionType = &principal, &host, r.Operation, r.permission()
		req.Filters = append(req.Filters, f)
	}
	resp, err := req.RequestWith(tb.Context(), k.Client(tb))
	if err != nil {
		tb.Fatalf("revoking rights: %v", err)
	}
	for i, result := range resp.Results {
		switch {
		case result.ErrorCode != 0:
			tb.Fatalf("revoking %+v: %s", rights[i], refusal(result.ErrorCode, result.ErrorMessage))
		case len(result.MatchingACLs) == 0:
			tb.Fatalf("revoking %+v: the broker has no such right", rights[i])
		}
	}
}

// SetPassword changes a user's password for both SCRAM mechanisms.
func (k *Kafka) SetPassword(tb testing.TB, user, password string) {
	tb.Helper()
	const iterations = 4096
	for mechanism, digest := range map[int8]func() hash.Hash{1: sha256.New, 2: sha512.New} { // the broker accepts one change of a user per request
		salt := []byte(rand.Text())
		salted, err := pbkdf2.Key(digest, password, salt, iterations, digest().Size())
		if err != nil {
			tb.Fatal(err)
		}
		u := kmsg.NewAlterUserSCRAMCredentialsRequestUpsertion()
		u.Name, u.Mechanism, u.Iterations, u.Salt, u.SaltedPassword = user, mechanism, iterations, salt, salted
		req := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
		req.Upsertions = append(req.Upsertions, u)
		resp, err := req.RequestWith(tb.Context(), k.Client(tb))
		if err != nil {
			tb.Fatalf("setting the password of %s: %v", user, err)
		}
		if r := resp.Results[0]; r.ErrorCode != 0 {
			tb.Fatalf("setting the password of %s: %s", user, refusal(r.ErrorCode, r.ErrorMessage))
		}
	}
}

func refusal(code int16, text *string) string {
	if text == nil {
		return fmt.Sprintf("Kafka error %d", code)
	}
	return fmt.Sprintf("Kafka error %d: %s", code, *text)
}

// Publishing returns the rights that a user needs to publish to a topic exactly once, and to
// read after a crash what was published.
func Publishing(user, topic, prefix string) []Right {
	return []Right{
		TopicRight(user, topic, kmsg.ACLOperationDescribe), TopicRight(user, topic, kmsg.ACLOperationWrite), TopicRight(user, topic, kmsg.ACLOperationRead),
		TransactionalRight(user, prefix, kmsg.ACLOperationDescribe), TransactionalRight(user, prefix, kmsg.ACLOperationWrite),
	}
}
