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

// A house is three instances on one database, behind a balancer that sends each request to
// the next of those that live.
type house struct {
	t       *testing.T
	members []*rig.Product
	pool    *pgxpool.Pool
	front   *httptest.Server

	mu   sync.Mutex
	next int
	took []int // of each request, who answered
}

func newHouse(t *testing.T) *house { return newHouseOf(t, rig.Settings{}) }

func newHouseOf(t *testing.T, s rig.Settings) *house {
	h := &house{t: t}
	database := pg.Start(t).Database(t, "house")
	s.Database, s.Tags, s.Patience = database, "crashpoints", time.Minute
	for range 3 {
		p := rig.NewProduct(t, s)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		h.members = append(h.members, p)
	}
	var err error
	if h.pool, err = pgxpool.New(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.pool.Close)
	h.front = httptest.NewServer(h)
	t.Cleanup(h.front.Close)
	return h
}

// ServeHTTP sends a request on to the next instance; one that takes no connection is
// passed over, as a balancer does. An answer that breaks off is a bad gateway.
func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	for range h.members {
		h.mu.Lock()
		i := h.next % len(h.members)
		h.next++
		h.mu.Unlock()
		out := r.Clone(r.Context())
		out.RequestURI, out.Body = "", io.NopCloser(bytes.NewReader(body))
		if out.URL, err = url.Parse(h.members[i].URL + r.URL.RequestURI()); err != nil {
			h.t.Error(err)
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
		h.mu.Lock()
		h.took = append(h.took, i)
		h.mu.Unlock()
		for name, values := range resp.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(resp.StatusCode)
		for chunk := make([]byte, 32<<10); err == nil; { // what breaks off, breaks off for the client too
			var n int
			n, err = resp.Body.Read(chunk)
			_, _ = w.Write(chunk[:n]) // the client may have gone
			w.(http.Flusher).Flush()
		}
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

// at aims the next request at an instance.
func (h *house) at(i int) *house {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next = i
	return h
}

// ask makes a request as the administrator; to is where it led.
func (h *house) ask(method, path, media string, body []byte) (status int, text, to string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.front.URL+path, bytes.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.SetBasicAuth("admin", rig.Password)
	r.Header.Set("Content-Type", media)
	r.Header.Set("Accept", "text/html")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		h.t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Request.URL.Path
}

// click presses a button and waits for nothing.
func (h *house) click(path, form string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), "POST", h.front.URL+path, strings.NewReader(form))
	if err != nil {
		h.t.Fatal(err)
	}
	r.SetBasicAuth("admin", rig.Password)
	r.Header.Set("Content-Type", formMedia)
	go func() {
		if resp, err := http.DefaultClient.Do(r); err == nil { // else the instance was killed
			resp.Body.Close()
		}
	}()
}

const formMedia = "application/x-www-form-urlencoded"

// button is the form of a button on the page of the present check.
func (h *house) button(path, do string) string {
	h.t.Helper()
	var id string
	if err := h.pool.QueryRow(h.t.Context(), `SELECT id::text FROM tasks WHERE address = $1`, path).Scan(&id); err != nil {
		h.t.Fatal(err)
	}
	return "do=" + do + "&check=" + id
}

// page loads a page, again and again as its refresh says, until it shows a text.
func (h *house) page(path, shows string) (text, to string) {
	h.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		_, text, to = h.ask("GET", path, "", nil)
		if strings.Contains(text, shows) {
			return text, to
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("%s does not show %q: %.3000s", path, shows, text)
		}
	}
}

// glance looks at a page of work under way for a moment: it is sent until that ends.
func (h *house) glance(path string) string {
	h.t.Helper()
	client := &http.Client{Timeout: 2 * time.Second}
	r, err := http.NewRequestWithContext(h.t.Context(), "GET", h.front.URL+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.SetBasicAuth("admin", rig.Password)
	resp, err := client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body) // until the time is over
	return string(b)
}

// waits waits until so many statements wait for a lock in the database.
func (h *house) waits(n int) {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if h.count(`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`) >= n {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatal("nothing waits for the lock")
		}
	}
}

func (h *house) count(sql string) (n int) {
	h.t.Helper()
	if err := h.pool.QueryRow(h.t.Context(), sql).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *house) wantTransactions(n int) {
	h.t.Helper()
	if got := h.count(`SELECT count(*) FROM transactions`); got != n {
		h.t.Errorf("there are %d transactions, not %d", got, n)
	}
}

// restart starts an instance that was killed.
func (h *house) restart(i int, env ...string) {
	h.t.Helper()
	h.members[i].Kill()
	if err := h.members[i].Start(env...); err != nil {
		h.t.Fatal(err)
	}
}

// upload sends a codelist of so many codes as a file, through one instance, and gives the
// page of its check.
func (h *house) upload(i, codes int) (path string) {
	h.t.Helper()
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
		h.t.Fatal(err)
	}
	status, text, path := h.at(i).ask("POST", "/submit", form.FormDataContentType(), b.Bytes())
	if status != http.StatusOK || !regexp.MustCompile(`^/submit/[0-9a-f]+$`).MatchString(path) {
		h.t.Fatalf("the upload is answered at %s with %d %.500s", path, status, text)
	}
	return path
}

// One person's upload, check, submission and rename go over three instances, of which one
// is killed in the middle of each: nothing is lost, and nothing done twice.
func TestOnePersonOverThreeInstances(t *testing.T) {
	t.Parallel()
	h := newHouse(t)

	// The instance that took the files and checks them is killed while it does. Another says
	// how far it was, and then checks anew.
	release := rig.LockDocuments(t, h.pool)
	path := h.upload(0, 40_000)
	h.waits(1)
	if text := h.at(1).glance(path); !strings.Contains(text, "Checking") || !strings.Contains(text, "1 structure") {
		t.Errorf("another instance says of the check %.2000s", text)
	}
	h.members[0].Kill()
	release()
	h.page(path, "1 structure would be written")
	h.wantTransactions(0)

	// The instance that submits is killed before anything is written.
	release = rig.LockRegistry(t, h.pool)
	h.at(1).click(path, h.button(path, "submit"))
	h.waits(1)
	if text := h.at(2).glance(path); !strings.Contains(text, "Submitting") || !strings.Contains(text, "Waits for its turn") {
		t.Errorf("another instance says of the submission %.2000s", text)
	}
	h.members[1].Kill()
	release()
	h.page(path, "nothing of it is recorded")
	h.wantTransactions(0)

	// The instance that submits is killed after the commit, before it has told anybody.
	h.restart(0)
	h.restart(1, "URNCAST_CRASH_AT=submit-committed:1")
	h.at(0).ask("POST", path, formMedia, []byte(h.button(path, "check"))) // of what broke off nothing is known to submit
	h.page(path, "1 structure would be written")
	h.at(1).ask("POST", path, formMedia, []byte(h.button(path, "submit")))
	<-h.members[1].Process().Done()
	h.wantTransactions(1)
	for range 3 {
		if _, to := h.page(path, "Replaced 1 structure"); to != "/transactions/1" {
			t.Errorf("the submission led to %s", to)
		}
		if _, text, to := h.ask("POST", path, formMedia, []byte("do=submit")); to != "/transactions/1" {
			t.Errorf("a second click led to %s: %.500s", to, text)
		}
	}
	h.wantTransactions(1)
	h.renamed()

	seen := map[int]bool{}
	for _, i := range h.took {
		seen[i] = true
	}
	if len(seen) != 3 {
		t.Errorf("requests were answered by %v alone", seen)
	}
}

// renamed renames, with the instance that does it killed in the middle, and clicks twice.
func (h *house) renamed() {
	h.t.Helper()
	const rename = "/structures/codelist/A/L1/1.0/rename?id=L2"
	h.restart(1)
	h.page(rename, "L1 would be called L2")
	release := rig.LockRegistry(h.t, h.pool)
	h.at(0).click(rename, "id=L2")
	h.waits(1)
	if text := h.at(2).glance(rename); !strings.Contains(text, "Renaming") || !strings.Contains(text, "Waits for its turn") {
		h.t.Errorf("another instance says of the rename %.2000s", text)
	}
	h.members[0].Kill()
	release()
	h.page(rename, "nothing of it is recorded")
	h.restart(0)

	release = rig.LockRegistry(h.t, h.pool)
	var group sync.WaitGroup
	var led [3]string
	for i := range 3 { // three clicks, on three instances
		group.Go(func() { _, _, led[i] = h.ask("POST", rename, formMedia, []byte("id=L2")) })
	}
	h.waits(1)
	time.Sleep(time.Second)
	release()
	group.Wait()
	if _, to := h.page(rename, "Replaced 1 structure"); to != "/transactions/2" {
		h.t.Errorf("the rename led to %s, its clicks to %v", to, led)
	}
	h.wantTransactions(3) // a rename is a pair
}

// Failed attempts to sign in are counted over all instances, and who has made too many
// waits on each.
func TestLoginFailuresOverThreeInstances(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	try := func(password string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", h.front.URL+"/api/v1/accounts", nil)
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
		t.Fatalf("the right password: %d %s", status, text)
	}
	for i := range 5 {
		if status, text := try("wrong"); status != http.StatusUnauthorized {
			t.Errorf("failure %d: %d %s", i+1, status, text)
		}
	}
	h.members[0].Kill() // what it counted stays
	for i := range 3 {
		for _, password := range []string{"wrong", rig.Password} {
			h.at(i)
			if status, text := try(password); status != http.StatusTooManyRequests || !strings.Contains(text, "Too many attempts") {
				t.Errorf("instance %d: %d %s", i, status, text)
			}
		}
	}
	time.Sleep(6 * time.Second)
	if status, text := try(rig.Password); status != http.StatusOK {
		t.Errorf("after the wait: %d %s", status, text)
	}
}
