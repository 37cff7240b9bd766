package doors

import (
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"urncast/integration/complete"
	"urncast/integration/rig/pg"
	"urncast/registry/access"
	"urncast/registry/postgres"
	"urncast/web"
)

// serveAccounts serves a registry with accounts. password is that of the administrator set by
// flags; if it is empty, there is no such administrator.
func serveAccounts(t *testing.T, password string) (*httptest.Server, *strings.Builder) {
	t.Helper()
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, strings.ToLower("accounts_"+t.Name())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	log := &strings.Builder{}
	c := &access.Control{Store: store.Access(), User: "admin", Password: password, Log: slog.New(slog.NewTextHandler(log, nil))}
	if err := c.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(web.New(complete.Options(t, store, web.Options{Access: c})))
	t.Cleanup(s.Close)
	return s, log
}

// as returns the headers of a request with a token.
func as(token string) []string { return []string{"Authorization", "Bearer " + token} }

// token creates an account and a token for it.
func token(t *testing.T, s *httptest.Server, account string) string {
	t.Helper()
	status, body := call(t, s, "POST", "/api/v1/accounts", []byte(account))
	want(t, account, status, body, 201)
	var made struct{ Name, Token string }
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatal(err)
	}
	status, body = call(t, s, "POST", "/api/v1/tokens", []byte(`{"account": "`+made.Name+`", "name": "t"}`))
	want(t, "token of "+made.Name, status, body, 201, `"token":"urncast_`)
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatal(err)
	}
	return made.Token
}

// deleteByID deletes a token and ends a session, whose ids are known only from earlier answers.
func deleteByID(t *testing.T, s *httptest.Server) {
	t.Helper()
	status, body := call(t, s, "POST", "/api/v1/accounts", []byte(`{"name": "zoe", "password": "four words in a row", "role": "reader"}`))
	want(t, "zoe", status, body, 201)
	status, body = call(t, s, "POST", "/api/v1/tokens", []byte(`{"account": "zoe", "name": "t"}`))
	want(t, "her token", status, body, 201)
	id := regexp.MustCompile(`"id":"([^"]+)"`)
	status, body = call(t, s, "DELETE", "/api/v1/tokens/"+id.FindStringSubmatch(body)[1], nil)
	want(t, "deleted", status, body, 204)
	status, body = call(t, s, "POST", "/login", []byte("name=zoe&password=four+words+in+a+row"), "Content-Type", "application/x-www-form-urlencoded")
	want(t, "signing in", status, body, 200)
	_, body = call(t, s, "GET", "/api/v1/sessions", nil)
	found := id.FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no session: %s", body)
	}
	status, body = call(t, s, "DELETE", "/api/v1/sessions/"+found[1], nil)
	want(t, "ended", status, body, 204)
}

// A maintainer can change structures of his agencies only, by REST, the API and the console. If a
// submission has others, they are listed, nothing is written, and the audit log records it.
func TestMaintainersThroughTheDoors(t *testing.T) {
	s, _ := serveAccounts(t, password)
	anna := token(t, s, `{"name": "anna", "role": "maintainer", "agencies": ["A"]}`)
	bea := token(t, s, `{"name": "bea", "role": "maintainer", "agencies": ["B", "SDMX"]}`)
	carl := token(t, s, `{"name": "carl", "role": "reader"}`)
	status, body := call(t, s, "POST", "/sdmx/v2/structure", list("L1", "One"), append(as(anna), "Accept", "application/json")...)
	want(t, "hers", status, body, 201, `"transactions":[1]`)
	status, body = call(t, s, "POST", "/sdmx/v2/structure", list("L1", "Uno"), append(as(bea), "Accept", "application/json")...)
	want(t, "not hers", status, body, 403, `"reason":"forbidden"`, `Codelist=A:L1(1.0) is maintained by A`, `"transactions":[]`)
	status, body = call(t, s, "POST", "/ws/secure/sdmxapi/rest", list("L2", "Two"), as(bea)...)
	want(t, "at FMR's door", status, body, 403, "is maintained by A")
	status, body = call(t, s, "DELETE", "/sdmx/v2/structure/codelist/A/L1/1.0", nil, append(as(bea), "Accept", "application/json")...)
	want(t, "deletion", status, body, 403, "is maintained by A")
	status, body = call(t, s, "POST", "/api/v1/structures/rename", []byte(`{"urn": "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L1(1.0)", "newId": "L9"}`), as(bea)...)
	want(t, "rename", status, body, 403, "is maintained by A")
	status, body = call(t, s, "POST", "/sdmx/v2/structure", list("L1", "Uno"), append(as(carl), "Accept", "application/json")...)
	want(t, "a reader", status, body, 403, "Your role may read this. Submitting structures needs maintainer. Ask an admin (admin).")
	status, body = call(t, s, "GET", "/api/v1/transactions/1", nil, as(carl)...)
	want(t, "reading", status, body, 200, `"user":"anna"`)
	status, body = call(t, s, "GET", "/api/v1/transactions/2", nil)
	want(t, "nothing more", status, body, 404)
	status, body = call(t, s, "PUT", "/api/v1/settings", []byte(`{"allowDangling": true, "requireAgencies": false}`))
	want(t, "settings", status, body, 200)

	status, body = call(t, s, "GET", "/api/v1/audit?user=anna", nil)
	want(t, "her line", status, body, 200, `"action":"structures changed","subject":"transaction 1"`, `by token t"`, `"structures":{"created":1}`)
	status, body = call(t, s, "GET", "/api/v1/audit?action=settings+saved", nil)
	want(t, "the settings", status, body, 200, `"allowDangling":true,"requireAgencies":false},"before"`, `"allowDangling":false,"requireAgencies":false}}`)
	_, body = call(t, s, "GET", "/api/v1/audit", nil, "Accept", "text/csv")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(rows) != 1+8 || rows[0][1] != "time" || rows[7][4] != "structures changed" {
		t.Errorf("the export has %d rows, %v: %s", len(rows), err, body)
	}
	if strings.Contains(body, anna) || strings.Contains(body, "argon") {
		t.Error("the audit log shows a secret")
	}
}

// Without an administrator set by flags, the first administrator is created with the code in the
// log, once only.
func TestTheFirstAdministratorIsMadeWithTheCodeOfTheLog(t *testing.T) {
	s, log := serveAccounts(t, "")
	code := regexp.MustCompile(`code=(\S+)`).FindStringSubmatch(log.String())
	if code == nil {
		t.Fatalf("no code in the log: %s", log)
	}
	status, body := call(t, s, "GET", "/api/v1/accounts", nil, "Authorization", "none")
	want(t, "before", status, body, 401, "Open /setup")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	post := func(path, form string) *http.Response {
		t.Helper()
		resp, err := client.Post(s.URL+path, "application/x-www-form-urlencoded", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	form := "&name=anna&password=four+words+in+a+row"
	if resp := post("/setup", "code=AAAAA-AAAAA-AAAAA-AAAAA"+form); resp.StatusCode != 401 {
		t.Errorf("a wrong code: %d", resp.StatusCode)
	}
	resp := post("/setup", "code="+code[1]+form)
	if resp.StatusCode != 303 || len(resp.Cookies()) != 1 {
		t.Fatalf("the right code: %d, %v", resp.StatusCode, resp.Cookies())
	}
	c := resp.Cookies()[0]
	if c.Name != "urncast_session" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
		t.Errorf("the cookie is %+v", c)
	}
	status, body = call(t, s, "GET", "/api/v1/accounts", nil, "Authorization", "none", "Cookie", c.Name+"="+c.Value)
	want(t, "after", status, body, 200, `"name":"anna"`, `"role":"admin"`)
	if resp := post("/setup", "code="+code[1]+"&name=eve&password=four+words+in+a+row"); resp.StatusCode != 409 {
		t.Errorf("a second time: %d", resp.StatusCode)
	}
	status, body = call(t, s, "DELETE", "/api/v1/accounts/anna", nil, "Authorization", "none", "Cookie", c.Name+"="+c.Value)
	want(t, "the last administrator", status, body, 409, "last administrator")
	status, body = call(t, s, "GET", "/api/v1/sessions", nil, "Authorization", "none", "Cookie", c.Name+"="+c.Value)
	want(t, "the session", status, body, 200, `"current":true`)
	if resp := post("/logout", ""); resp.StatusCode != 303 {
		t.Errorf("signing out: %d", resp.StatusCode)
	}
}
