package rig

import (
	"fmt"
	"reflect"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ErrorCodes returns Kafka's error codes other than 0 that are anywhere in the response to a
// request.
func ErrorCodes(r Request, frame []byte) ([]int16, error) {
	answer := kmsg.ResponseForKey(r.Key)
	if answer == nil || len(frame) < 8 {
		return nil, fmt.Errorf("the response of %d bytes to the request with API key %d cannot be parsed: the key is unknown, or the response is shorter than its header", len(frame), r.Key)
	}
	answer.SetVersion(r.Version)
	body := frame[8:]
	if answer.IsFlexible() && r.Key != apiVersions && len(body) > 0 {
		body = body[1:] // the header's tagged fields, of which there are none; the header of ApiVersions' response never has that field
	}
	if err := answer.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("parsing the response to the request with API key %d, version %d: %w", r.Key, r.Version, err)
	}
	var codes []int16
	collectCodes(reflect.ValueOf(answer).Elem(), &codes)
	return codes, nil
}

const apiVersions = 18

func collectCodes(v reflect.Value, codes *[]int16) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			if v.Type().Field(i).Name != "ErrorCode" {
				collectCodes(f, codes)
			} else if n := int16(f.Int()); n != 0 {
				*codes = append(*codes, n)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Struct {
			for i := range v.Len() {
				collectCodes(v.Index(i), codes)
			}
		}
	}
}
