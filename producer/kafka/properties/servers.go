package properties

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

const (
	serversMax  = 1000
	portDefault = "9092"
)

// servers resolves bootstrap.servers.
func (r *resolver) servers() {
	const name = "bootstrap.servers"
	if r.values[name] == "" {
		r.refuse(name, "The property bootstrap.servers is missing: name at least one broker as host:port.")
		return
	}
	list := strings.FieldsFunc(r.values[name], func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\n' })
	if len(list) > serversMax {
		r.refuse(name, "There are %d servers in it, more than %d: three are enough, the client finds "+
			"the others.", len(list), serversMax)
		return
	}
	for _, one := range list {
		server, note, err := server(one)
		if err != nil {
			r.refuse(name, "%s", sentence(err))
			return
		}
		if note != "" {
			r.note(name, "%s", note)
		}
		r.out.Bootstrap = append(r.out.Bootstrap, server)
	}
	if len(list) == 0 {
		r.refuse(name, "It names no server: name at least one broker as host:port.")
		return
	}
	r.out.Client[name] = strings.Join(r.out.Bootstrap, ",")
}

// server reads a server as host:port. There may be a protocol before it, as in Java.
func server(s string) (server, note string, err error) {
	shown := strconv.Quote(s[:min(len(s), 80)])
	if before, rest, ok := strings.Cut(s, "://"); ok {
		if strings.EqualFold(before, "http") || strings.EqualFold(before, "https") {
			return "", "", fmt.Errorf("%s is the address of a web server: name brokers as host:port", shown)
		}
		s, note = rest, "The protocol before a server has no effect: security.protocol counts."
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil && !strings.HasSuffix(s, "]") && strings.Count(s, ":") > 1 {
		return "", "", fmt.Errorf("%s is no server: write an IPv6 address in brackets, as [2001:db8::1]:9092", shown)
	}
	if err != nil {
		host, port = strings.Trim(s, "[]"), portDefault
		note = fmt.Sprintf("%s has no port, so %s is used.", shown, portDefault)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", "", fmt.Errorf("%s is no server: its port must be a number from 1 to 65535", shown)
	}
	if host == "" || strings.ContainsAny(host, "/@=\\\"'<>;") || strings.HasPrefix(host, "-") {
		return "", "", fmt.Errorf("%s is no server: name brokers as host:port", shown)
	}
	if strings.ContainsAny(host, "${}") {
		return "", "", fmt.Errorf("%s holds a place for a value that nobody filled in: write the host's name", shown)
	}
	return net.JoinHostPort(host, port), note, nil
}
