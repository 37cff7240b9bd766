package trial

import (
	"urncast/producer"
	"urncast/producer/kafka/properties"
)

var _ producer.Client = (*Client)(nil)

// Properties implements producer.Client.
func (c *Client) Properties() []producer.PropertyInfo { return properties.Properties() }

// Secret implements producer.Client.
func (c *Client) Secret(name string) bool { return properties.Secret(name) }

// Parse implements producer.Client.
func (c *Client) Parse(text string) (map[string]string, []producer.Finding) {
	return properties.Parse(text)
}

// Check implements producer.Client.
func (c *Client) Check(connection *producer.Connection) []producer.Finding {
	return properties.Check(connection)
}

// Endings implements producer.Client.
func (c *Client) Endings(connection *producer.Connection) []producer.Ending {
	return properties.Endings(connection)
}

// Lines implements producer.Client.
func (c *Client) Lines(text string) map[string]int { return properties.Lines(text) }
