package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/web/rest/manage"
)

const recordsPath = "/api/v1/producers/main/topics/structures/records"

// A followed is a stream of records under way.
type followed struct {
	t     *testing.T
	lines *bufio.Scanner
	resp  *http.Response
	stop  context.CancelFunc
}

// follow begins a stream; from is the client's address, if that matters.
func follow(t *testing.T, s *httptest.Server, query string, from ...string) *followed {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL+recordsPath+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["X-Forwarded-For"] = from
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return &followed{t, bufio.NewScanner(resp.Body), resp, stop}
}

// line returns the next line that is not about progress; nil at the end.
func (f *followed) line() *manage.TopicLine {
	f.t.Helper()
	for f.lines.Scan() {
		var l manage.TopicLine
		if err := json.Unmarshal(f.lines.Bytes(), &l); err != nil {
			f.t.Fatal(err)
		}
		if l.Record != nil || l.Error != "" {
			return &l
		}
	}
	return nil
}

// TestRecords checks that a topic is read to its end or followed, from any place, with or
// without message bodies.
func TestRecords(t *testing.T) {
	stub, s := newTopicDoor(t)
	stub.add(1, 2, `{"a": 1}`, "")
	stub.add(2, 1, "", "")
	stub.add(3, 1, "\xff\x00", "baseline 7f 1/1")
	all := getPage(t, s.URL+recordsPath, 200)
	contains(t, all, `{"next":0}`+"\n", `"offset":0,"at":"2025-06-15T15:06:40Z","transaction":"1","position":"1","count":"2","action":"replace","urn":"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:CL_1_1(1.0)","bytes":8}`,
		`"action":"delete"`, `"bytes":0}`, `"job":"baseline 7f 1/1"`)
	if !strings.HasSuffix(all, `{"next":6}`+"\n") || strings.Count(all, `"record"`) != 4 {
		t.Errorf("the whole topic is %s", all)
	}
	if stub.asked != "prod/structures" {
		t.Errorf("it was read over %s", stub.asked)
	}
	contains(t, getPage(t, s.URL+recordsPath+"?value=true", 200), `"value":"{\"a\": 1}"`, `"value":"/wA="`)
	if part := getPage(t, s.URL+recordsPath+"?from=3", 200); strings.Count(part, `"record"`) != 2 || !strings.HasPrefix(part, `{"next":3}`) {
		t.Errorf("from offset 3 on there is %s", part)
	}
	if end := getPage(t, s.URL+recordsPath+"?from=end", 200); strings.Contains(end, `"record"`) {
		t.Errorf("at the end there is %s", end)
	}
	f := follow(t, s, "?from=end&follow=true")
	stub.add(4, 1, "x", "")
	if l := f.line(); l == nil || l.Record == nil || l.Record.Transaction != "4" {
		t.Errorf("what is followed shows %+v", l)
	}
}

// TestRecordsRefused checks that a topic which cannot be read is answered with a sentence,
// and a status that says whether to try again.
func TestRecordsRefused(t *testing.T) {
	stub, s := newTopicDoor(t)
	contains(t, getPage(t, s.URL+recordsPath+"?from=x", 400), "start or end")
	getPage(t, s.URL+recordsPath+"?from=-1", 400)
	contains(t, getPage(t, s.URL+recordsPath+"?from=1", 416), "offset 0, and offset 1", "made anew")
	contains(t, getPage(t, s.URL+strings.Replace(recordsPath, "structures", "other", 1), 404), "It publishes to structures")
	contains(t, getPage(t, s.URL+strings.Replace(recordsPath, "main", "none", 1), 404), "no producer")
	stub.err = &producer.Fault{Kind: producer.Permanent, Text: "No login"}
	contains(t, getPage(t, s.URL+recordsPath, 502), "cannot be read: No login.")
	stub.err = &producer.Fault{Kind: producer.Transitory, Text: "Nobody answers"}
	contains(t, getPage(t, s.URL+recordsPath, 503), "Nobody answers.")
}

// TestRecordsAreBounded checks that as many clients may read at once as there is room for,
// in all and for each user; that a client which leaves makes room and leaves no goroutine;
// and that the server's end ends all streams with a last line.
func TestRecordsAreBounded(t *testing.T) {
	stub, s := newTopicDoor(t)
	stub.add(1, 1, "x", "")
	getPage(t, s.URL+recordsPath, 200)
	http.DefaultClient.CloseIdleConnections()
	goroutines := runtime.NumGoroutine()
	address := func(i int) string { return fmt.Sprint("10.0.0.", i/4) }
	var all []*followed
	for i := range 16 {
		f := follow(t, s, "?follow=true", address(i))
		if f.line() == nil {
			t.Fatal("a stream ended")
		}
		all = append(all, f)
	}
	refused := func(path, from string, status int, says string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", from)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body := text(t, resp); resp.StatusCode != status || resp.Header.Get("Retry-After") != "5" || !strings.Contains(body, says) {
			t.Errorf("%s from %s: %s, again after %q: %s", path, from, resp.Status, resp.Header.Get("Retry-After"), body)
		}
	}
	for _, path := range []string{recordsPath, "/live/topics/structures?producer=main&from=2"} {
		refused(path, "10.0.0.0", 429, "You have 4 streams of topics here")
		refused(path, "10.0.0.9", 503, "There are 16 streams of topics here")
	}
	all[0].stop()
	deadline := time.Now().Add(10 * time.Second)
	for {
		f := follow(t, s, "?follow=true", address(0))
		if f.resp.StatusCode == http.StatusOK {
			all[0] = f
			f.line()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a reader that has gone makes no room")
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, f := range all[:12] {
		f.stop()
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		// Four streams are left: a connection has two goroutines here and three there, and a
		// reading four.
		if n := runtime.NumGoroutine() - goroutines; n <= 4*9 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left of readers that have gone", n)
		}
	}
	s.Config.Handler.(*handler).server.stop()
	for _, f := range all[12:] {
		if l := f.line(); l == nil || !l.Temporary || !strings.Contains(l.Error, "stopping") {
			t.Errorf("at the end of the server a stream says %+v", l)
		}
	}
}

// TestTopicPagesTellNoInternals checks that pages, which any reader may see, show no hosts
// or queries of an error: those are for the log.
func TestTopicPagesTellNoInternals(t *testing.T) {
	stub, s := newTopicDoor(t)
	stub.err = errors.New("dial tcp 10.1.2.3:5432: SELECT planted")
	for _, path := range []string{"/topics/structures", "/topics/structures/0", "/live/topics/structures?producer=main&from=0"} {
		if body := getPage(t, s.URL+path, 502); strings.Contains(body, "10.1.2.3") || !strings.Contains(body, "log has the cause") {
			t.Errorf("%s says %s", path, body)
		}
	}
}

// TestVerifyNeedsAnAdministrator checks that verifying is refused to all but
// administrators.
func TestVerifyNeedsAnAdministrator(t *testing.T) {
	_, s := newTopicDoor(t)
	resp, err := http.Post(s.URL+strings.Replace(recordsPath, "records", "verify", 1), "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody may verify: %s", resp.Status)
	}
}
