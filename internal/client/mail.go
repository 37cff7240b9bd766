package client

import (
	"urncast/internal/secret"

	"errors"
	"fmt"
	"strconv"
	"strings"

	"urncast/producer/notice"
)

// SetMail changes one setting, by its name in the API.
func SetMail(s *notice.Settings, name, value string) (err error) {
	if p, ok := strings.CutPrefix(name, "producers."); ok {
		if s.Producers == nil {
			s.Producers = map[string][]string{}
		}
		if s.Producers[p] = addresses(value); value == "" {
			delete(s.Producers, p)
		}
		return nil
	}
	texts := map[string]*string{"host": &s.Host, "security": &s.Security, "auth": &s.Auth, "user": &s.User, "ca": &s.CA, "sender": &s.Sender, "publicUrl": &s.PublicURL}
	spans := map[string]*notice.Span{"degradedAfter": &s.DegradedAfter, "digestEvery": &s.DigestEvery}
	switch {
	case texts[name] != nil:
		*texts[name] = value
	case spans[name] != nil:
		return spans[name].UnmarshalText([]byte(value))
	case name == "port":
		if s.Port, err = strconv.Atoi(value); err != nil {
			err = fmt.Errorf("%q is not the number of a port, which is 1 to 65535", value)
		}
	case name == "password":
		s.Password = secret.Property{Value: value}
	case name == "admins":
		s.Admins = addresses(value)
	default:
		err = errors.New("there is no such mail setting: urncast mail set --help lists them")
	}
	return err
}

func addresses(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' })
}
