package dev

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"
)

// StartBroker starts a Kafka broker in this process at an address. Its data is in broker/ of the
// folder.
func StartBroker(address, folder string) (*kfake.Cluster, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--kafka: the address %q is no host:port: %w", address, err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("--kafka: the address %q has no port number: %w", address, err)
	}
	k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(filepath.Join(folder, "broker")),
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": "1000000000"}),
		kfake.ListenFn(func(network, of string) (net.Listener, error) {
			_, port, err := net.SplitHostPort(of)
			if err != nil {
				return nil, err
			}
			return net.Listen(network, net.JoinHostPort(host, port))
		}))
	if err != nil {
		return nil, fmt.Errorf("starting the broker on %s (--kafka chooses another address): %w", address, err)
	}
	return k, nil
}
