package gateway

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Numbers of Kafka's requests.
const (
	apiProduce          = 0
	apiFetch            = 1
	apiMetadata         = 3
	apiFindCoordinator  = 10
	apiSaslHandshake    = 17
	apiVersions         = 18
	apiSaslAuthenticate = 36
	apiDescribeCluster  = 60
)

// versionMax lists the requests that pass, each up to the version whose answer
// was looked at: no answer in here names a broker's address, except those that
// are rewritten. Produce 10 and Fetch 16 name the new leader's; DescribeQuorum,
// the share groups' and telemetry's requests are left out.
var versionMax = map[int16]int16{
	apiProduce:          9,
	apiFetch:            15,
	2:                   7, // ListOffsets
	apiMetadata:         12,
	8:                   9, // OffsetCommit
	9:                   9, // OffsetFetch
	apiFindCoordinator:  4,
	11:                  9, // JoinGroup
	12:                  4, // Heartbeat
	13:                  5, // LeaveGroup
	14:                  5, // SyncGroup
	15:                  5, // DescribeGroups
	16:                  4, // ListGroups
	apiSaslHandshake:    1,
	apiVersions:         3,
	19:                  7, // CreateTopics
	20:                  6, // DeleteTopics
	21:                  2, // DeleteRecords
	22:                  4, // InitProducerId
	23:                  4, // OffsetForLeaderEpoch
	24:                  3, // AddPartitionsToTxn
	25:                  3, // AddOffsetsToTxn
	26:                  3, // EndTxn
	28:                  3, // TxnOffsetCommit
	29:                  3, // DescribeAcls
	30:                  3, // CreateAcls
	31:                  3, // DeleteAcls
	32:                  4, // DescribeConfigs
	33:                  2, // AlterConfigs
	apiSaslAuthenticate: 1,
	37:                  3, // CreatePartitions
	42:                  2, // DeleteGroups
	43:                  2, // ElectLeaders
	44:                  1, // IncrementalAlterConfigs
	47:                  0, // OffsetDelete
	apiDescribeCluster:  1,
	61:                  0, // DescribeProducers
	65:                  0, // DescribeTransactions
	66:                  1, // ListTransactions
}

// passes reports whether a request may go to the broker. The client sends only requests that were
// offered to it; the answer to another one could have a broker's address that is not replaced.
func passes(key, version int16) bool {
	most, ok := versionMax[key]
	return ok && version >= 0 && version <= most
}

// capped returns the versions that the broker offers and that pass.
func capped(offered []kmsg.ApiVersionsResponseApiKey) []kmsg.ApiVersionsResponseApiKey {
	var keys []kmsg.ApiVersionsResponseApiKey
	for _, k := range offered {
		most, ok := versionMax[k.ApiKey]
		if !ok || k.MinVersion > most {
			continue
		}
		own := kmsg.NewApiVersionsResponseApiKey()
		own.ApiKey, own.MinVersion, own.MaxVersion = k.ApiKey, k.MinVersion, min(k.MaxVersion, most)
		keys = append(keys, own)
	}
	return keys
}

// versionsAnswer answers an ApiVersions request of any version. Its header is of
// version 0 always; a version that we do not speak is answered in version 0, with
// the error that makes the client ask again.
func versionsAnswer(version int16, offered []kmsg.ApiVersionsResponseApiKey) []byte {
	r := kmsg.NewPtrApiVersionsResponse()
	r.ApiKeys = capped(offered)
	if version < 0 || version > versionMax[apiVersions] {
		r.ErrorCode = errorUnsupportedVersion
		return r.AppendTo(nil)
	}
	r.Version = version
	return r.AppendTo(nil)
}

// Kafka's error codes that the gateway sends or acts on.
const (
	errorUnsupportedMechanism = 33
	errorIllegalSaslState     = 34
	errorUnsupportedVersion   = 35
	errorSaslAuthentication   = 58
)
