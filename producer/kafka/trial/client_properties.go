package trial

import (
	"urncast/producer/connection"
	"urncast/producer/kafka/properties"
)

var _ connection.Client = (*Client)(nil)

// Properties implements connection.Client.
func (c *Client) Properties() []connection.PropertyInfo { return properties.Properties() }

// Secret implements connection.Client.
func (c *Client) Secret(name string) bool { return properties.Secret(name) }

// Parse implements connection.Client.
func (c *Client) Parse(text string) (map[string]string, []connection.Finding) {
	return properties.Parse(text)
}

// Check implements connection.Client.
func (c *Client) Check(connection *connection.Connection) []connection.Finding {
	return properties.Check(connection)
}

// Endings implements connection.Client.
func (c *Client) Endings(connection *connection.Connection) []connection.Ending {
	return properties.Endings(connection)
}

// Lines implements connection.Client.
func (c *Client) Lines(text string) map[string]int { return properties.Lines(text) }
