package rig

import (
	"fmt"
	"reflect"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ErrorCodes gives Kafka's error codes, other than 0, in the answer to a request,
// wherever in it they stand.
func ErrorCodes(r Request, frame []byte) ([]int16, error) {
	answer := kmsg.ResponseForKey(r.Key)
	if answer == nil || len(frame) < 8 {
		return nil, fmt.Errorf("an answer of %d bytes to request %d is none that is known", len(frame), r.Key)
	}
	answer.SetVersion(r.Version)
	body := frame[8:]
	if answer.IsFlexible() && r.Key != apiVersions && len(body) > 0 {
		body = body[1:] // no tagged fields in the header; of this one answer the header never has any
	}
	if err := answer.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("the answer to request %d, version %d: %w", r.Key, r.Version, err)
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
