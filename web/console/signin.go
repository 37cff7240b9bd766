package console

// A SignIn is what the sign-in page shows.
type SignIn struct {
	Name  string
	Next  string // where to go afterwards
	Wrong string // why the last attempt failed
	Open  bool   // reading needs no account
}

// A SetUp is what the set-up page shows.
type SetUp struct {
	Fields []Field
	Wrong  string // what is wrong with no field alone
}

// NewSetUp has the fields as they were filled in; error is about the one that is named.
func NewSetUp(code, name, field, wrong string) *SetUp {
	s := &SetUp{Fields: []Field{
		{Name: "code", Label: "Set-up code", Value: code, Mono: true, Required: true, Autocomplete: "off",
			Help: "In the program's log, in the line that begins “first run”. It shows that you run this machine."},
		{Name: "name", Label: "Name", Value: name, Required: true, Autocomplete: "username", Help: "Shown in the audit log for everything that you do."},
		{Name: "password", Label: "Password", Type: "password", Required: true, Autocomplete: "new-password",
			Help: "12 characters or more, any that you like. A sentence is good. Password managers may paste here."},
	}}
	if !fault(s.Fields, field, wrong) {
		s.Wrong = wrong
	}
	return s
}

// fault puts an error to the field that it is about; false if that is none of them.
func fault(fields []Field, name, text string) bool {
	for i := range fields {
		if fields[i].Name == name && text != "" {
			fields[i].Error = text
			return true
		}
	}
	return false
}

func (s *SetUp) wrong() bool {
	for _, f := range s.Fields {
		if f.Error != "" {
			return true
		}
	}
	return false
}
