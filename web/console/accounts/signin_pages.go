package accounts

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"urncast/registry/access"
	"urncast/web/answer"
)

// loginPage draws the sign-in; while there is no administrator, it leads to the set-up.
func (s *Pages) loginPage(w http.ResponseWriter, r *http.Request) {
	if needed, err := s.Control.SetUpNeeded(r.Context()); err == nil && needed {
		http.Redirect(w, r, "/setup", http.StatusSeeOther)
		return
	}
	s.drawLogin(w, r, http.StatusOK, &SignIn{Next: local(r.URL.Query().Get("next")), Lost: r.URL.Query().Get("lost") == "form"})
}

func (s *Pages) drawLogin(w http.ResponseWriter, r *http.Request, status int, page *SignIn) {
	page.Open = !s.Guard.ReadsClosed
	s.Draw(w, r, status, SignInPage(s.Frame(r, "Sign in", "/login"), page))
}

// login begins a session.
func (s *Pages) login(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	page := &SignIn{Name: r.PostForm.Get("name"), Next: local(r.PostForm.Get("next")), Lost: r.PostForm.Get("lost") == "form"}
	secret, _, err := s.Control.SignIn(r.Context(), page.Name, r.PostForm.Get("password"), s.Guard.Remote(r), r.UserAgent())
	if err != nil {
		var status int
		status, page.Wrong = s.refusedForm(w, r, err)
		s.drawLogin(w, r, status, page)
		return
	}
	s.Guard.SetSession(w, r, secret)
	http.Redirect(w, r, page.Next, http.StatusSeeOther)
}

// refusedForm returns the status and the sentences for a refused form.
func (s *Pages) refusedForm(w http.ResponseWriter, r *http.Request, err error) (status int, text string) {
	status, text, after := answer.AccessStatus(w, r, err)
	if after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(after))
	}
	return status, text
}

// local returns next if it is a path of this server, other than signing in or out.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.ContainsAny(next, "\\\r\n\t") ||
		strings.HasPrefix(next, "//") || u.Path == "/login" || u.Path == "/logout" || u.Path == "/setup" {
		return "/"
	}
	return next
}

// logout ends the session of the request.
func (s *Pages) logout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(s.Guard.SessionName(r)); err == nil {
		p, err := s.Control.Cookie(r.Context(), c.Value, s.Guard.Remote(r))
		if err == nil && p.Signed() {
			err = s.Control.EndSession(access.With(r.Context(), p), p.Session)
		}
		if err != nil {
			s.Guard.Refuse(w, r, http.StatusServiceUnavailable, "You are still signed in", "The session could not be ended: "+answer.Private(w, r, err).Error()+". Try again.")
			return
		}
	}
	s.Guard.SetSession(w, r, "")
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// setUpPage asks for the set-up code, while there is no administrator.
func (s *Pages) setUpPage(w http.ResponseWriter, r *http.Request) {
	needed, err := s.Control.SetUpNeeded(r.Context())
	switch {
	case err != nil:
		s.DrawTrouble(w, r, "/setup", err)
	case !needed:
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	default:
		s.Draw(w, r, http.StatusOK, SetUpPage(s.Frame(r, "First run", "/setup"), NewSetUp("", "")))
	}
}

// setUp creates the first administrator and signs in.
func (s *Pages) setUp(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	code, name := r.PostForm.Get("code"), r.PostForm.Get("name")
	secret, _, err := s.Control.SetUp(r.Context(), code, name, r.PostForm.Get("password"), s.Guard.Remote(r), r.UserAgent())
	if err != nil {
		form := NewSetUp(code, name)
		status := s.faultForm(w, r, form, err)
		s.Draw(w, r, status, SetUpPage(s.Frame(r, "First run", "/setup"), form))
		return
	}
	s.Guard.SetSession(w, r, secret)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
