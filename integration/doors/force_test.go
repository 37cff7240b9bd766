package doors

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// Only an administrator, who must give a reason, can delete, rename or replace a stable version.
// This holds for REST, the API and the console, and the audit log records it.
func TestForce(t *testing.T) {
	s, _ := serveAccounts(t, password)
	anna := token(t, s, `{"name": "anna", "role": "maintainer", "agencies": ["A"]}`)
	json := []string{"Accept", "application/json"}
	stable := func(id, code string) []byte {
		return []byte(`{"Codelist":[{"id":"` + id + `","agencyId":"A","version":"1.0.0","names":[{"locale":"en","value":"L"}],"items":[{"id":"` + code + `","names":[{"locale":"en","value":"X"}]}]}]}`)
	}
	status, body := call(t, s, "POST", "/sdmx/v2/structure", stable("L1", "x"), json...)
	want(t, "create", status, body, 201)
	at := "/sdmx/v2/structure/codelist/A/L1/1.0.0"
	status, body = call(t, s, "DELETE", at, nil, json...)
	want(t, "delete", status, body, 409, `"immutable"`, "cannot be deleted", "an administrator can force it")
	status, body = call(t, s, "DELETE", at, nil, "Accept", "application/xml")
	want(t, "delete, in XML", status, body, 409, `code="409"`)
	status, body = call(t, s, "DELETE", at+"?force=true", nil, json...)
	want(t, "a force without a reason", status, body, 400, "in words")
	status, body = call(t, s, "DELETE", at+"?force="+strings.Repeat("x", 2000), nil, json...)
	want(t, "a force with a novel", status, body, 422, "1000")
	status, body = call(t, s, "DELETE", at+"?force=by+mistake", nil, append(as(anna), json...)...)
	want(t, "a maintainer forces", status, body, 403, "Only an administrator may force")
	status, body = call(t, s, "POST", "/api/v1/structures/rename", []byte(`{"urn": "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L1(1.0.0)", "newId": "L2"}`))
	want(t, "rename", status, body, 409, "cannot be renamed")
	status, body = call(t, s, "POST", "/api/v1/structures/rename", []byte(`{"urn": "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L1(1.0.0)", "newId": "L2", "force": "wrong name"}`))
	want(t, "a forced rename", status, body, 207, `"deleted"`)
	status, body = call(t, s, "POST", "/sdmx/v2/structure", stable("L1", "y"), json...)
	want(t, "made anew with other content", status, body, 409, "was withdrawn")

	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	page := "/structures/codelist/A/L2/1.0.0"
	status, body = call(t, s, "GET", page+"/delete", nil)
	want(t, "the page that asks", status, body, 200, "cannot be deleted now", `name="force"`, "all the same")
	status, body = call(t, s, "GET", page+"/delete", nil, as(anna)...)
	if want(t, "the page that asks a maintainer", status, body, 200, "cannot be deleted now"); strings.Contains(body, `name="force"`) {
		t.Error("a maintainer is asked for a reason")
	}
	// looked requests a page until the task behind it has ended.
	looked := func(path string) (status int, body string) {
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			if status, body = call(t, s, "GET", path, nil); !strings.Contains(body, "Looking what would follow") {
				break
			}
		}
		return status, body
	}
	status, body = looked(page + "/rename?id=L3&versions=this")
	want(t, "the page that shows a rename", status, body, 200, `name="force"`, "Rename to L3 all the same")
	status, body = looked("/agencies/A/rename?id=A2")
	want(t, "the page that shows the rename of an agency", status, body, 200, `name="force"`, "Rename to A2 all the same")
	status, body = call(t, s, "POST", page+"/rename", []byte("id=L3&versions=this&force=wrong+again"), form...)
	want(t, "a rename by the page", status, body, 200)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if status, body = call(t, s, "GET", "/api/v1/transactions?after=4", nil); strings.Contains(body, `"number":5`) {
			break
		}
	}
	want(t, "what it recorded", status, body, 200, `"number":5`)
	status, body = call(t, s, "POST", "/structures/codelist/A/L3/1.0.0/delete", []byte("force="+strings.Repeat("x", 1500)), form...)
	want(t, "a reason too long is not cut", status, body, 422, "1500 bytes", "1000")
	status, body = call(t, s, "POST", "/structures/codelist/A/L3/1.0.0/delete", []byte("force=not+needed"), form...)
	want(t, "a delete by the page", status, body, 200, "Deleted 1 structure")
	status, body = call(t, s, "GET", "/api/v1/audit?action=stable+structures+forced", nil)
	want(t, "the audit", status, body, 200, "wrong name", "wrong again", "not needed")
}

// If files are refused only because they change stable versions, the check in the console offers an
// administrator to force them: with a reason, and with a second check before anything is written.
func TestForceOfFiles(t *testing.T) {
	s, _ := serveAccounts(t, password)
	anna := token(t, s, `{"name": "anna", "role": "maintainer", "agencies": ["A"]}`)
	file := func(code, more string) []byte {
		return []byte(`{"Codelist":[{"id":"L1","agencyId":"A","version":"1.0.0","names":[{"locale":"en","value":"L"}],"items":[{"id":"` + code + `","names":[{"locale":"en","value":"X"}]}]}]` + more + `}`)
	}
	status, body := call(t, s, "POST", "/sdmx/v2/structure", file("x", ""), "Accept", "application/json")
	want(t, "create", status, body, 201)
	check := func(file []byte, who ...string) (path, checked string) {
		t.Helper()
		in, media := form(t, map[string]string{"action": "replace"}, "list.json", file)
		status, checked := call(t, s, "POST", "/submit", in, append(who, "Content-Type", media)...)
		want(t, "check", status, checked, 200, "refused")
		return regexp.MustCompile(`action="(/submit/[0-9a-f]+)"`).FindStringSubmatch(checked)[1], checked
	}
	id := "" // of the check that the tab shows
	send := func(path, what string, wantStatus int, parts ...string) {
		t.Helper()
		status, body := call(t, s, "POST", path, []byte(what+"&check="+id), "Content-Type", "application/x-www-form-urlencoded")
		want(t, what, status, body, wantStatus, parts...)
		if strings.Contains(body, `name="check"`) {
			id = shownCheck(t, body)
		}
	}
	if _, checked := check(file("y", ""), as(anna)...); strings.Contains(checked, `value="force"`) {
		t.Error("the page offers a maintainer to force")
	}
	lost := `,"Dataflow":[{"id":"F","agencyId":"A","version":"1.0","names":[{"locale":"en","value":"F"}],"dataStructureRef":"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=A:NO(1.0)"}]`
	if _, checked := check(file("y", lost)); strings.Contains(checked, `value="force"`) {
		t.Error("the page offers to force a broken reference")
	}
	path, checked := check(file("y", ""))
	want(t, "the offer", 200, checked, 200, "may not change any more", `value="force"`, "Check again, with force")
	id = shownCheck(t, checked)
	send(path, "do=force&force=+", 422, "Say why, in words")
	send(path, "do=force&force="+strings.Repeat("x", 2000), 422, "more than the limit of 1000")
	send(path, "do=force&force=wrong+code", 200, "1 structure would be written", "because “wrong code”", "by force, this is done all the same", "Submit 1 structure, by force")
	send(path, "do=check", 200, "1 structure is refused")
	send(path, "do=force&force=wrong+code", 200, "1 structure would be written")
	other, forced := path, id // another tab withdraws the force
	send(other, "do=check", 200, "1 structure is refused")
	taken := id
	id = forced
	send(path, "do=submit", 409, "checked again since", "1 structure is refused")
	id = taken
	send(other, "do=force&force=wrong+code", 200, "1 structure would be written")
	forced, id = id, taken // another tab forces what this one does not show
	send(path, "do=leave", 409, "checked again since", "because “wrong code”")
	id = forced
	send(path, "do=submit", 200, "Replaced 1 structure")
	status, body = call(t, s, "GET", "/api/v1/audit?action=stable+structures+forced", nil)
	want(t, "the audit", status, body, 200, "wrong code", "A:L1(1.0.0)")
}

func TestAnEmptyMessageDeletesNothing(t *testing.T) {
	s := serve(t, nil)
	status, body := call(t, s, "POST", "/sdmx/v2/structure", list("L1", "One"), "Accept", "application/json")
	want(t, "create", status, body, 201)
	for _, query := range []string{"?action=full-replace", "?action=full-replace&wholeRegistry=true", "?action=delete", ""} {
		status, body = call(t, s, "POST", "/sdmx/v2/structure"+query, []byte(`{"Codelist":[]}`), "Accept", "application/json")
		if status < 400 || status >= 500 {
			t.Errorf("%q: status %d: %s", query, status, body)
		}
	}
	status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist/A/L1/1.0?format=fusion-json", nil, "Accept", "*/*")
	want(t, "what was there", status, body, 200, `"L1"`)
}
