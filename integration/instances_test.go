package integration

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// A deployment is three instances on one database behind a load balancer, which sends each
// request to the next instance that accepts connections.
type deployment struct {
	t         *testing.T
	instances []*rig.Product
	pool      *pgxpool.Pool
	balancer  *httptest.Server

	mu         sync.Mutex
	next       int
	answeredBy []int // the instance that answered, for each request
}

// newDeployment starts a deployment without a topic.
func newDeployment(t *testing.T) *deployment { return newDeploymentWith(t, rig.Settings{}) }

// newDeploymentWith starts a deployment whose instances have the given settings.
func newDeploymentWith(t *testing.T, s rig.Settings) *deployment {
	d := &deployment{t: t}
	database := pg.Start(t).Database(t, "deployment")
	s.Database, s.Tags, s.Patience = database, "crashpoints", time.Minute
	for range 3 {
		p := rig.NewProduct(t, s)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		d.instances = append(d.instances, p)
	}
	var err error
	if d.pool, err = pgxpool.New(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.pool.Close)
	d.balancer = httptest.NewServer(d)
	t.Cleanup(d.balancer.Close)
	return d
}

// ServeHTTP passes a request to the next instance. An instance that refuses the connection is
// skipped, as load balancers do. A connection that breaks before the response is answered with
// 502 Bad Gateway.
func (d *deployment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	for range d.instances {
		d.mu.Lock()
		i := d.next % len(d.instances)
		d.next++
		d.mu.Unlock()
		out := r.Clone(r.Context())
		out.RequestURI, out.Body = "", io.NopCloser(bytes.NewReader(body))
		if out.URL, err = url.Parse(d.instances[i].URL + r.URL.RequestURI()); err != nil {
			d.t.Error(err)
		}
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(out)
		if err != nil {
			if strings.Contains(err.Error(), "connection refused") {
				continue
			}
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		d.mu.Lock()
		d.answeredBy = append(d.answeredBy, i)
		d.mu.Unlock()
		for name, values := range resp.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(resp.StatusCode)
		for chunk := make([]byte, 32<<10); err == nil; { // a response that breaks off does so for the client too
			var n int
			n, err = resp.Body.Read(chunk)
			_, _ = w.Write(chunk[:n]) // the client may have gone
			w.(http.Flusher).Flush()
		}
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

// at makes the next request go to instance i.
func (d *deployment) at(i int) *deployment {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next = i
	return d
}

// ask makes a request as the administrator. to is the path after redirects.
func (d *deployment) ask(method, path, media string, body []byte) (status int, text, to string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.balancer.URL+path, bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.SetBasicAuth("admin", rig.Password)
	r.Header.Set("Content-Type", media)
	r.Header.Set("Accept", "text/html")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		d.t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Request.URL.Path
}

// click submits a form and does not wait for the response.
func (d *deployment) click(path, form string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), "POST", d.balancer.URL+path, strings.NewReader(form))
	if err != nil {
		d.t.Fatal(err)
	}
	r.SetBasicAuth("admin", rig.Password)
	r.Header.Set("Content-Type", formMedia)
	go func() {
		if resp, err := http.DefaultClient.Do(r); err == nil { // an error means that the instance was killed
			resp.Body.Close()
		}
	}()
}

const formMedia = "application/x-www-form-urlencoded"

// buttonForm returns the form that a button on the page of the current check sends.
func (d *deployment) buttonForm(path, do string) string {
	d.t.Helper()
	var id string
	if err := d.pool.QueryRow(d.t.Context(), `SELECT id::text FROM tasks WHERE address = $1`, path).Scan(&id); err != nil {
		d.t.Fatal(err)
	}
	return "do=" + do + "&check=" + id
}

// awaitPage loads a page again and again until it contains a text.
func (d *deployment) awaitPage(path, shows string) (text, to string) {
	d.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		_, text, to = d.ask("GET", path, "", nil)
		if strings.Contains(text, shows) {
			return text, to
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("%s does not show %q: %.3000s", path, shows, text)
		}
	}
}

// partialPage returns what arrives within 2 s of a page that shows a running task: such a
// page is not complete until the task ends.
func (d *deployment) partialPage(path string) string {
	d.t.Helper()
	client := &http.Client{Timeout: 2 * time.Second}
	r, err := http.NewRequestWithContext(d.t.Context(), "GET", d.balancer.URL+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.SetBasicAuth("admin", rig.Password)
	resp, err := client.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body) // ends with the client's timeout
	return string(b)
}

// awaitLockWaiters waits until n statements in the database wait for a lock.
func (d *deployment) awaitLockWaiters(n int) {
	d.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if d.count(`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`) >= n {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("fewer than %d statements wait for a lock after 20 s", n)
		}
	}
}

func (d *deployment) count(sql string) (n int) {
	d.t.Helper()
	if err := d.pool.QueryRow(d.t.Context(), sql).Scan(&n); err != nil {
		d.t.Fatal(err)
	}
	return n
}

func (d *deployment) wantTransactions(n int) {
	d.t.Helper()
	if got := d.count(`SELECT count(*) FROM transactions`); got != n {
		d.t.Errorf("the registry has %d transactions, want %d", got, n)
	}
}

// restart kills instance i, if it runs, and starts it.
func (d *deployment) restart(i int, env ...string) {
	d.t.Helper()
	d.instances[i].Kill()
	if err := d.instances[i].Start(env...); err != nil {
		d.t.Fatal(err)
	}
}

// upload sends instance i a file with a codelist of so many codes, and returns the path of the
// page of its check.
func (d *deployment) upload(i, codes int) (path string) {
	d.t.Helper()
	var list strings.Builder
	list.WriteString(`{"Codelist":[{"id":"L1","agencyId":"A","version":"1.0","names":[{"locale":"en","value":"One"}],"items":[`)
	for c := range codes {
		if c > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, `{"id":"C%d","names":[{"locale":"en","value":"Code %d of a list that takes several chunks in the database"}]}`, c, c)
	}
	list.WriteString(`]}]}`)
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("files", "list.json")
	if err == nil {
		_, err = io.WriteString(part, list.String())
	}
	if err == nil {
		err = errors.Join(form.WriteField("action", "replace"), form.Close())
	}
	if err != nil {
		d.t.Fatal(err)
	}
	status, text, path := d.at(i).ask("POST", "/submit", form.FormDataContentType(), b.Bytes())
	if status != http.StatusOK || !regexp.MustCompile(`^/submit/[0-9a-f]+$`).MatchString(path) {
		d.t.Fatalf("the upload led to %s with %d %.500s", path, status, text)
	}
	return path
}

// A user's upload, check, submission and rename are spread over three instances, and in the
// middle of each the instance that does it is killed. Nothing is lost, and nothing is done
// twice.
func TestOnePersonOverThreeInstances(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)

	// The instance that took the files is killed while it checks them. Another shows how far
	// it had come, and then repeats the check.
	release := rig.LockDocuments(t, d.pool)
	path := d.upload(0, 40_000)
	d.awaitLockWaiters(1)
	if text := d.at(1).partialPage(path); !strings.Contains(text, "Checking") || !strings.Contains(text, "1 structure") {
		t.Errorf("the page of another instance about the check is %.2000s", text)
	}
	d.instances[0].Kill()
	release()
	d.awaitPage(path, "1 structure would be written")
	d.wantTransactions(0)

	// The instance that submits is killed before anything is written.
	release = rig.LockRegistry(t, d.pool)
	d.at(1).click(path, d.buttonForm(path, "submit"))
	d.awaitLockWaiters(1)
	if text := d.at(2).partialPage(path); !strings.Contains(text, "Submitting") || !strings.Contains(text, "Waits for its turn") {
		t.Errorf("the page of another instance about the submission is %.2000s", text)
	}
	d.instances[1].Kill()
	release()
	d.awaitPage(path, "nothing of it is recorded")
	d.wantTransactions(0)

	// The instance that submits is killed after the commit, before it has responded.
	d.restart(0)
	d.restart(1, "URNCAST_CRASH_AT=submit-committed:1")
	d.at(0).ask("POST", path, formMedia, []byte(d.buttonForm(path, "check"))) // a submission that broke off must be checked again first
	d.awaitPage(path, "1 structure would be written")
	d.at(1).ask("POST", path, formMedia, []byte(d.buttonForm(path, "submit")))
	<-d.instances[1].Process().Done()
	d.wantTransactions(1)
	for range 3 {
		if _, to := d.awaitPage(path, "Replaced 1 structure"); to != "/transactions/1" {
			t.Errorf("the submission led to %s", to)
		}
		if _, text, to := d.ask("POST", path, formMedia, []byte("do=submit")); to != "/transactions/1" {
			t.Errorf("a second click led to %s: %.500s", to, text)
		}
	}
	d.wantTransactions(1)
	d.testRename()

	seen := map[int]bool{}
	for _, i := range d.answeredBy {
		seen[i] = true
	}
	if len(seen) != 3 {
		t.Errorf("only the instances %v answered requests, want all three", seen)
	}
}

// testRename renames a structure while the instance that does it is killed in the middle, and
// again with three clicks at once, which must rename once.
func (d *deployment) testRename() {
	d.t.Helper()
	const rename = "/structures/codelist/A/L1/1.0/rename?id=L2"
	d.restart(1)
	d.awaitPage(rename, "L1 would be called L2")
	release := rig.LockRegistry(d.t, d.pool)
	d.at(0).click(rename, "id=L2")
	d.awaitLockWaiters(1)
	if text := d.at(2).partialPage(rename); !strings.Contains(text, "Renaming") || !strings.Contains(text, "Waits for its turn") {
		d.t.Errorf("the page of another instance about the rename is %.2000s", text)
	}
	d.instances[0].Kill()
	release()
	d.awaitPage(rename, "nothing of it is recorded")
	d.restart(0)

	release = rig.LockRegistry(d.t, d.pool)
	var group sync.WaitGroup
	var led [3]string
	for i := range 3 { // three clicks at once, each on another instance
		group.Go(func() { _, _, led[i] = d.ask("POST", rename, formMedia, []byte("id=L2")) })
	}
	d.awaitLockWaiters(1)
	time.Sleep(time.Second)
	release()
	group.Wait()
	if _, to := d.awaitPage(rename, "Replaced 1 structure"); to != "/transactions/2" {
		d.t.Errorf("the rename led to %s, its clicks to %v", to, led)
	}
	d.wantTransactions(3) // a rename records two: a replace and a delete
}

// Failed logins are counted over all instances: a client with too many is refused by each of
// them for a while.
func TestLoginFailuresOverThreeInstances(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	try := func(password string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", d.balancer.URL+"/api/v1/accounts", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("admin", password)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	if status, text := try(rig.Password); status != http.StatusOK {
		t.Fatalf("a login with the right password gave %d %s", status, text)
	}
	for i := range 5 {
		if status, text := try("wrong"); status != http.StatusUnauthorized {
			t.Errorf("failed login %d gave %d %s, want 401", i+1, status, text)
		}
	}
	d.instances[0].Kill() // the failures that it counted are in the database
	for i := range 3 {
		for _, password := range []string{"wrong", rig.Password} {
			d.at(i)
			if status, text := try(password); status != http.StatusTooManyRequests || !strings.Contains(text, "Too many attempts") {
				t.Errorf("after too many failed logins instance %d gave %d %s, want 429", i, status, text)
			}
		}
	}
	time.Sleep(6 * time.Second)
	if status, text := try(rig.Password); status != http.StatusOK {
		t.Errorf("after the wait a login gave %d %s", status, text)
	}
}
