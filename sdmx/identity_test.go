package sdmx

import "testing"

// Documents that versions before the table of classes have stored are read, and what they say is
// the same: a reference to a ContentConstraint is one to the DataConstraint that it is.
func TestStoredReferencesStayReadable(t *testing.T) {
	x := &Categorisation{}
	x.Agency, x.ID, x.Version = "A", "C", "1.0"
	x.Source = Ref{URN: URN{ClassDataConstraint, "A", "K", "1.0"}}
	b := AppendCanonical(nil, x)
	// The stored form holds the length of the URN before it.
	old := replaceText(string(b), x.Source.String(), x.Source.Spell(V2))
	if old == string(b) {
		t.Fatal("the stored form does not hold the reference")
	}
	m, err := ParseCanonical(ClassCategorisation, []byte(old))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.(*Categorisation).Source; got != x.Source {
		t.Errorf("the source is %v, want %v", got, x.Source)
	}
}

// replaceText replaces a short text of a stored form, with its length.
func replaceText(s, from, to string) string {
	mark := string(rune(len(from))) + from
	for i := range len(s) {
		if len(s)-i >= len(mark) && s[i:i+len(mark)] == mark {
			return s[:i] + string(rune(len(to))) + to + s[i+len(mark):]
		}
	}
	return s
}

// Each structure has one key in each version of SDMX, and no two structures that can stand beside
// each other have the same.
func TestSpellingsDoNotMeet(t *testing.T) {
	for _, v := range []Generation{V2, V3} {
		seen := map[string]Class{}
		for _, c := range Maintainables() {
			key := URN{c, "A", "B", "1.0"}.Spell(v)
			if other, twice := seen[key]; twice && other.Family() != c.Family() {
				t.Errorf("a %s and a %s both have the key %s", c, other, key)
			}
			seen[key] = c
		}
	}
}
