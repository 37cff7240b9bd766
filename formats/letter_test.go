package formats

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"urncast/sdmx"
)

// named21 returns a message with one codelist, whose description is the given markup.
func named21(markup string) string {
	return head21 + `<s:Codelists><s:Codelist id="A" agencyID="X" version="1.0"><c:Name>n</c:Name><c:Description>` + markup +
		`</c:Description></s:Codelist></s:Codelists></m:Structures></m:Structure>`
}

// with21 returns a message with one codelist that has additional attributes and content.
func with21(attributes, content string) string {
	return head21 + `<s:Codelists><s:Codelist id="A" agencyID="X" ` + attributes + `><c:Name>n</c:Name>` + content +
		`</s:Codelist></s:Codelists></m:Structures></m:Structure>`
}

const start21 = len(head21) + len(`<s:Codelists><s:Codelist id="A" agencyID="X" version="1.0"><c:Name>n</c:Name><c:Description>`)

// The text of an element as XML defines it, or the error and its place.
func TestXMLText(t *testing.T) {
	for name, c := range map[string]struct{ in, text, err string }{
		"comment between pieces":      {in: "R<!-- note -->&amp;D", text: "R&D"},
		"instruction between pieces":  {in: "R<?note x?>&amp;D", text: "R&D"},
		"CDATA between pieces":        {in: "a <![CDATA[<b> & ]]]]><![CDATA[>]]> c", text: "a <b> & ]]> c"},
		"CDATA alone":                 {in: "<![CDATA[]]>", text: ""},
		"blank after a comment":       {in: "R<!-- --> D<!-- --> ", text: "R D "},
		"line ends":                   {in: "a\r\nb\rc\nd\r\n\re", text: "a\nb\nc\nd\n\ne"},
		"line ends in CDATA":          {in: "<![CDATA[a\r\nb\rc]]>", text: "a\nb\nc"},
		"a return that was meant":     {in: "a&#13;&#xD;\nb", text: "a\r\r\nb"},
		"zeros":                       {in: "&#00000000000000000065;&#x0000000041;", text: "AA"},
		"beyond the first plane":      {in: "&#x1F600;😀", text: "😀😀"},
		"error after a comment":       {in: "R<!-- note -->&D costs", err: fmt.Sprintf("column %d: a lone '&'", start21+len("R<!-- note -->")+1)},
		"error after CDATA":           {in: "<![CDATA[Food]]> &nbsp;and drink", err: "entity &nbsp;"},
		"error between two errors":    {in: "&a;<!-- -->&b;", err: "entity &a;"},
		"CDATA's end in text":         {in: "a]]>b", err: "]]&gt;"},
		"NUL by reference":            {in: "a&#0;b", err: fmt.Sprintf("column %d: character reference &#0;", start21+2)},
		"noncharacter by reference":   {in: "a&#xFFFE;b", err: "character reference &#xFFFE;"},
		"surrogate by reference":      {in: "&#xD83D;&#xDE00;", err: "character reference &#xD83D;"},
		"capital X in a reference":    {in: "&#X41;", err: "character reference &#X41;"},
		"too large":                   {in: "&#4294967361;", err: "character reference"},
		"raw NUL":                     {in: "a\x00b", err: fmt.Sprintf("column %d: U+0000", start21+2)},
		"raw control character":       {in: "\r\na\x1bb", err: "line 2, column 2: U+001B"},
		"raw noncharacter":            {in: "a\uFFFEb", err: "U+FFFE"},
		"surrogate in UTF-8":          {in: "a\xED\xA0\xBD", err: "byte 0xed is not valid UTF-8"},
		"not UTF-8":                   {in: "caf\xE9", err: fmt.Sprintf("column %d: byte 0xe9 is not valid UTF-8", start21+4)},
		"not UTF-8 in a comment":      {in: "<!-- \xE9 -->", err: "byte 0xe9"},
		"hyphens in a comment":        {in: "a<!-- b -- c -->", err: `"--" may not stand inside a comment`},
		"declaration in the middle":   {in: `a<?xml version="1.0"?>`, err: "very beginning"},
		"instruction named as XML":    {in: `a<?XML x?>`, err: "very beginning"},
		"instruction without a name":  {in: `a<? x?>`, err: "a name is expected"},
		"CDATA that does not end":     {in: `a<![CDATA[b`, err: "ends in the middle"},
		"reference over pieces":       {in: `&am<!-- -->p;`, err: "a lone '&'"},
		"DTD in the middle":           {in: `<!DOCTYPE a>`, err: "DTD"},
		"element in another's prefix": {in: `<v:b xmlns:v="urn:v">x</v:b>`, err: "not expected"},
	} {
		t.Run(name, func(t *testing.T) {
			ms, _, err := readAll(t, "", []byte(named21(c.in)), ReadOptions{})
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("got %v, want an error with %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := ms[0].(*sdmx.Codelist).Descriptions; len(got) > 1 || len(got) == 1 && got[0].Value != c.text || len(got) == 0 && c.text != "" {
				t.Errorf("got %q, want %q", got, c.text)
			}
		})
	}
}

// listed21 returns a message whose codelist has the given start tag.
func listed21(tag string) string {
	return head21 + "<s:Codelists>" + tag + `<c:Name>n</c:Name></s:Codelist></s:Codelists></m:Structures></m:Structure>`
}

// Tags as XML and its namespaces define them.
func TestXMLTags(t *testing.T) {
	whole := with21(``, ``)
	for name, c := range map[string]struct{ in, version string }{
		"foreign attribute":              {in: with21(`v:version="9.0" v:isFinal="true" xmlns:v="urn:vendor"`, ``), version: "1.0"},
		"foreign attribute, own too":     {in: with21(`v:version="9.0" version="2.0" xmlns:v="urn:vendor"`, ``), version: "2.0"},
		"attribute in the own namespace": {in: with21(`s:version="9.0"`, ``), version: "1.0"},
		"xsi by another prefix":          {in: with21(`i:type="s:CodelistType" type="x" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"`, ``), version: "1.0"},
		"xsi as the vendor's prefix":     {in: with21(`xsi:version="9.0" xmlns:xsi="urn:vendor"`, ``), version: "1.0"},
		"other prefixes": {in: strings.NewReplacer("<s:", "<c:", "</s:", "</c:", ":s=", ":c=", "<c:", "<s:", "</c:", "</s:", ":c=", ":s=").Replace(whole),
			version: "1.0"},
		"default namespace":       {in: listed21(`<Codelist xmlns="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" id="A" agencyID="X"></Codelist><s:Codelist id="B" agencyID="X">`), version: "1.0"},
		"a prefix bound anew":     {in: with21(``, `<s:Description xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common">x</s:Description><s:Code id="C"><c:Name>x</c:Name></s:Code>`), version: "1.0"},
		"quotes and blanks":       {in: with21("version\n=\t'3.0' ", ``), version: "3.0"},
		"colon in another prefix": {in: with21(`xmlns:é.-="urn:v" é.-:a="b"`, ``), version: "1.0"},
		"unprefixed lang":         {in: with21(``, `<c:Description lang="fr">x</c:Description>`), version: "1.0"},
		"comments around":         {in: "<!-- a --><?b c?>\n" + whole + "\n<!-- d --><?e f?> ", version: "1.0"},
	} {
		t.Run(name, func(t *testing.T) {
			ms, _, err := readAll(t, "", []byte(c.in), ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(ms[0].Common().Version); got != c.version {
				t.Errorf("got version %q, want %q", got, c.version)
			}
		})
	}
}

// Tags that XML and its namespaces do not allow.
func TestXMLTagsRefused(t *testing.T) {
	whole := with21(``, ``)
	for name, c := range map[string]struct{ in, err string }{
		"attribute's blanks":               {in: with21("version='\n3.0' uri=''", ``), err: "version"},
		"prefix not declared":              {in: with21(`v:version="9.0"`, ``), err: `the prefix "v" is not declared`},
		"prefix of an element":             {in: with21(``, `<v:b/>`), err: `the prefix "v" is not declared`},
		"prefix out of scope":              {in: with21(``, `<c:Description xmlns:v="urn:v">x</c:Description><v:b/>`), err: `the prefix "v" is not declared`},
		"prefix out of scope of an empty":  {in: with21(``, `<c:Description xmlns:v="urn:v"/><v:b/>`), err: `the prefix "v" is not declared`},
		"name of a foreign namespace":      {in: with21(``, `<v:Code id="C" xmlns:v="urn:vendor"><c:Name>x</c:Name></v:Code>`), err: `element "Code" of namespace "urn:vendor"`},
		"name without namespace":           {in: with21(``, `<Code id="C"><c:Name>x</c:Name></Code>`), err: `element "Code"`},
		"name of the wrong namespace":      {in: with21(``, `<c:Code id="C"><c:Name>x</c:Name></c:Code>`), err: `element "Code"`},
		"a prefix bound to something else": {in: with21(``, `<s:Code xmlns:s="urn:vendor" id="C"/>`), err: `element "Code" of namespace "urn:vendor"`},
		"structure of a foreign namespace": {in: head21 + `<s:Codelists><v:Codelist xmlns:v="urn:v"/></s:Codelists></m:Structures></m:Structure>`, err: `element "Codelist" in namespace "urn:v"`},
		"list of a foreign namespace":      {in: head21 + `<v:Codelists xmlns:v="urn:v"/></m:Structures></m:Structure>`, err: `element "Codelists" in namespace "urn:v"`},
		"child of the message":             {in: head21 + `</m:Structures><m:Extra/></m:Structure>`, err: `element "Extra"`},
		"namespace in other letters":       {in: strings.ReplaceAll(whole, "sdmx.org/resources/sdmxml", "SDMX.org/resources/SDMXML"), err: "the root element"},
		"end tag by another prefix":        {in: head21 + `<s:Codelists xmlns:t="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure"></t:Codelists></m:Structures></m:Structure>`, err: `the end tag of "s:Codelists" is expected, not that of "t:Codelists"`},
		"end tag inside, other prefix":     {in: with21(`xmlns:t="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure"`, `<s:Code id="C"><c:Name>x</c:Name></t:Code>`), err: `the end tag of "s:Code" is expected, not that of "t:Code"`},
		"end tag that goes on":             {in: with21(``, `<c:Description>x</c:Descriptions>`), err: `the end tag of "c:Description" is expected`},
		"end tag with an attribute":        {in: with21(``, `<c:Description>x</c:Description a="b">`), err: "is not closed"},
		"attribute twice by two prefixes":  {in: with21(`v:a="1" w:a="2" xmlns:v="urn:v" xmlns:w="urn:v"`, ``), err: `attribute "w:a" is there twice`},
		"xsi attribute twice":              {in: with21(`xsi:type="a" xsi:type="b" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`, ``), err: `"xsi:type" is there twice`},
		"declaration twice":                {in: with21(`xmlns:v="urn:v" xmlns:v="urn:w"`, ``), err: `prefix "v" is declared twice`},
		"default declared twice":           {in: with21(`xmlns="urn:v" xmlns="urn:w"`, ``), err: `prefix "" is declared twice`},
		"prefix undeclared again":          {in: with21(`xmlns:v=""`, ``), err: `"v" is declared without a namespace`},
		"xmlns declared":                   {in: with21(`xmlns:xmlns="urn:v"`, ``), err: `"xmlns" may not be declared`},
		"xml bound to another":             {in: with21(`xmlns:xml="urn:v"`, ``), err: `"xml" and its namespace belong together`},
		"another bound to xml":             {in: with21(`xmlns:v="http://www.w3.org/XML/1998/namespace"`, ``), err: `"xml" and its namespace belong together`},
		"bound to that of declarations":    {in: with21(`xmlns:v="http://www.w3.org/2000/xmlns/"`, ``), err: `may not be bound`},
		"no blank between attributes":      {in: with21(`version="1.0"uri="x"`, ``), err: "blank space is expected before"},
		"no blank after a prefix":          {in: with21(`v:="1" xmlns:v="urn:v"`, ``), err: "nothing before or after its colon"},
		"two colons":                       {in: with21(`v:a:b="1" xmlns:v="urn:v"`, ``), err: "may not hold ':'"},
		"name that begins with a digit":    {in: with21(`1a="1"`, ``), err: "may not hold '1'"},
		"name with a strange character":    {in: with21(`a×="1"`, ``), err: "may not hold '×'"},
		"attribute that is not read":       {in: with21(`foo="&nbsp;"`, ``), err: "entity &nbsp;"},
		"less-than in what is not read":    {in: with21(`xmlns:v="a<b"`, ``), err: "must be written &lt;"},
		"error in the header":              {in: strings.Replace(whole, "<m:ID>a", "<m:ID>a&b", 1), err: "a lone '&'"},
		"text between the lists":           {in: head21 + `oops<s:Codelists/></m:Structures></m:Structure>`, err: "text is not expected here"},
		"CDATA between the lists":          {in: head21 + `<![CDATA[]]><s:Codelists/></m:Structures></m:Structure>`, err: "CDATA section is not expected"},
		"second message":                   {in: whole + "\n" + `<?xml version="1.0"?>` + whole, err: "line 2, column 1: nothing but comments may follow"},
		"second root":                      {in: whole + whole, err: "nothing but comments may follow"},
		"text after the root":              {in: whole + "x", err: "nothing but comments may follow"},
		"text before the root":             {in: "x" + whole, err: "line 1, column 1"},
		"blank before the declaration":     {in: "\n" + `<?xml version="1.0"?>` + whole, err: "line 2, column 1: the XML declaration must stand at the very beginning"},
		"comment before the declaration":   {in: `<!-- --><?xml version="1.0"?>` + whole, err: "very beginning"},
		"text before, in a later buffer":   {in: strings.Repeat(" ", 100_000) + "x" + whole, err: "column 100001"},
		"a bad byte far behind":            {in: with21(`v:version="1"`, strings.Repeat(`<!-- a -->`, 1000)+"\xFF"), err: `the prefix "v"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readAll(t, "", []byte(c.in), ReadOptions{})
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v, want an error with %q", err, c.err)
			}
		})
	}
}

// White space in an attribute becomes spaces, unless it is written as a reference.
func TestXMLAttributeBlanks(t *testing.T) {
	in := with21("", "<c:Annotations xmlns:c=\"http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common\"><c:Annotation id=\"a\tb\r\nc&#10;d&#9;e\"/></c:Annotations>")
	ms, _, err := readAll(t, "", []byte(strings.Replace(in, "<c:Name>n</c:Name>", "", 1)), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ms[0].Common().Annotations[0].ID, "a b c\nd\te"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The XML declaration by its productions (XML 1.0, 23 to 26, 32, 80).
func TestXMLDeclaration(t *testing.T) {
	for in, want := range map[string]string{
		`<?xml version="1.0"?>`: "",
		"<?xml\tversion = '1.0'\r\n encoding\n=\n\"utf-8\" standalone = 'yes' ?>": "",
		`<?xml version="1.0" standalone="no"?>`:                                   "",
		`<?xml encoding="UTF-8"?>`:                                                "version, then encoding",
		`<?xml?>`:                                                                 "says no version",
		`<?xml ?>`:                                                                "says no version",
		`<?xml version="2.0"?>`:                                                   `"2.0" is no version`,
		`<?xml version=1.0?>`:                                                     "not quoted",
		`<?xml version="1.0" encoding=""?>`:                                       `"" is no encoding`,
		`<?xml version="1.0" encoding="8859"?>`:                                   `"8859" is no encoding`,
		`<?xml version="1.0" encoding="UTF-8" encoding="UTF-8"?>`:                 "at most once",
		`<?xml version="1.0" standalone="yes" encoding="UTF-8"?>`:                 "at most once",
		`<?xml version="1.0" standalone="true"?>`:                                 `"true" is no standalone`,
		`<?xml version="1.0"encoding="UTF-8"?>`:                                   "blank space",
		`<?xml version="1.0" a="b"?>`:                                             `"a" is not expected`,
		`<?xml version="1.0" >`:                                                   "not expected",
		`<?xml version="1.0` + strings.Repeat(" ", 2000) + `"?>`:                  "does not end",
		`<?xml version="1.0"` + strings.Repeat(" ", 2000) + `?>`:                  "longer than",
		`<?XML version="1.0"?>`:                                                   "very beginning",
	} {
		_, _, err := readAll(t, "", []byte(in+with21("", "")), ReadOptions{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.60q: got %v, want %q", in, err, want)
		}
	}
}

// JSON by its grammar (RFC 8259).
func TestJSONByTheLetter(t *testing.T) {
	list := func(members string) string { return `{"Codelist":[{"id":"A","agencyId":"X",` + members + `}]}` }
	for name, c := range map[string]struct{ in, want string }{
		"byte order mark":            {"\xEF\xBB\xBF" + list(`"version":"1.0"`), ""},
		"pair of surrogates":         {list(`"names":[{"value":"\ud83d\ude00"}]`), ""},
		"double escaped key":         {list(`"i\u0064":"B"`), `$.Codelist[0]: the key "id" is there twice`},
		"double key inside":          {list(`"names":[{"locale":"en","value":"a","value":"b"}]`), `$.Codelist[0].names[0]: the key "value" is there twice`},
		"double in what is not read": {`{"meta":{"a":1,"a":2}}`, `$.meta: the key "a" is there twice`},
		"class twice":                {`{"Codelist":[],"Codelist":[]}`, `"Codelist" is there twice`},
		"class twice, escaped":       {`{"Codelist":[],"\u0043odelist":[]}`, `"Codelist" is there twice`},
		"noncharacter":               {list(`"names":[{"value":"a\ufffeb"}]`), "$.Codelist[0].names[0].value: U+FFFE"},
		"raw noncharacter":           {list("\"names\":[{\"value\":\"a\uFFFFb\"}]"), "U+FFFF"},
		"NUL":                        {list(`"names":[{"value":"a\u0000b"}]`), "U+0000"},
		"control character":          {list(`"names":[{"value":"a\bb"}]`), "U+0008"},
		"raw control":                {list("\"names\":[{\"value\":\"a\nb\"}]"), "must be escaped"},
		"half a pair":                {list(`"names":[{"value":"\ud800"}]`), "half of a surrogate pair"},
		"the other half":             {list(`"names":[{"value":"\ude00x"}]`), "half of a surrogate pair"},
		"pair in disorder":           {list(`"names":[{"value":"\ude00\ud83d"}]`), "half of a surrogate pair"},
		"not UTF-8":                  {list("\"names\":[{\"value\":\"caf\xE9\"}]"), "byte 0xe9"},
		"leading zero":               {list(`"x":01`), "$.Codelist[0]: a JSON value is expected"},
		"number":                     {list(`"x":1.2.3`), "a JSON value is expected"},
		"minus":                      {list(`"x":-`), "a JSON value is expected"},
		"exponent":                   {list(`"x":1e`), "a JSON value is expected"},
		"numbers":                    {list(`"x":[-0,0.5,1E+9,-12e-3,10]`), ""},
		"trailing":                   {list(`"x":1`) + "\x00", "U+0000"},
		"trailing value":             {list(`"x":1`) + `{}`, "after the end of the message"},
		"version as a number":        {list(`"version":1.10`), "$.Codelist[0].version: version must be a string, and 1.10 is none"},
		"id as a truth value":        {`{"Codelist":[{"id":true,"agencyId":"X"}]}`, "$.Codelist[0].id: id must be a string, and true is none"},
		"code as a number":           {list(`"items":[{"id":1.0}]`), "$.Codelist[0].items[0].id: id must be a string, and 1.0 is none"},
		"backslashes over a buffer":  {strings.Repeat(" ", 64<<10-60) + list(`"names":[{"value":"`+strings.Repeat(`\\`, 200)+`"}]`), ""},
		"packed once more":           {"PK\x03\x04", "this is a zip, packed once more"},
		"gzip":                       {"\x1f\x8b\x08\x00", "this is a gzip, packed once more"},
		"two marks":                  {"\xEF\xBB\xBF\xEF\xBB\xBF" + list(`"x":1`), "begins with '<'"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readAll(t, "", []byte(c.in), ReadOptions{})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func zipOf(t *testing.T, content []byte, change func(zipped []byte)) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "a.xml", Method: zip.Store})
	if err == nil {
		_, err = w.Write(content)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	change(b.Bytes())
	return b.Bytes()
}

// Checksums, and what follows a packed file, are checked even if the reader of the message has
// not read to the end.
func TestPackedToTheEnd(t *testing.T) {
	content := []byte(with21("", ""))
	packed := gz(t, content)
	damaged := bytes.Clone(packed)
	damaged[len(damaged)-5] ^= 1 // of the checksum and length at the end, the checksum
	central := func(b []byte) []byte { return b[bytes.LastIndex(b, []byte("PK\x01\x02")):] }
	join := func(bs ...[]byte) []byte { return bytes.Join(bs, nil) }
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"gzip":                  {packed, ""},
		"two members, one text": {join(gz(t, content[:100]), gz(t, content[100:])), ""},
		"two messages":          {join(packed, packed), "nothing but comments may follow"},
		"gzip's checksum":       {damaged, "damaged"},
		"gzip cut short":        {packed[:len(packed)-3], "damaged"},
		"garbage after gzip":    {join(packed, []byte("0123456789abc")), "no gzip follows"},
		"zip":                   {zipOf(t, content, func([]byte) {}), ""},
		"zip's content":         {zipOf(t, content, func(b []byte) { b[bytes.Index(b, []byte("agencyID"))+10] ^= 1 }), "checksum"},
		"zip's comment": {zipOf(t, append(bytes.Clone(content), "<!-- a -->"...), func(b []byte) {
			b[bytes.Index(b, []byte("<!-- a"))+5] ^= 1
		}), "checksum"},
		"zip's checksum as zero": {zipOf(t, content, func(b []byte) {
			copy(central(b)[16:], []byte{0, 0, 0, 0})
			copy(b[bytes.LastIndex(b, []byte("PK\x07\x08"))+4:], []byte{0, 0, 0, 0})
		}), "checksum"},
		"encrypted": {zipOf(t, content, func(b []byte) { central(b)[8] |= 1 }), "encrypted"},
	} {
		t.Run(name, func(t *testing.T) {
			// A reader that looks at nothing, and one that reads a message.
			for _, each := range []func(string, io.Reader) error{
				func(name string, r io.Reader) error { return nil },
				func(name string, r io.Reader) error {
					_, err := Read(r, ReadOptions{Name: name}, func(sdmx.Maintainable, string) error { return nil })
					return err
				},
			} {
				err := Unpack(bytes.NewReader(c.in), "f", Limits{}, each)
				if name == "two messages" && err == nil {
					continue // a reader that has read nothing cannot notice it
				}
				if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			}
		})
	}
}

// Whatever text a structure has, parsers accept its message, and text that XML can express is
// read back unchanged.
func TestWrittenTextIsTaken(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	runes := []rune{0, 1, 9, 10, 13, 0x1f, ' ', '"', '&', '\'', '<', '>', ']', '{', 0x7f, 0x85, 0x2028, 0xD7FF, 0xE000, 0xFDD0, 0xFFFD, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF}
	random := func() string {
		var b []byte
		for range rnd.IntN(12) {
			switch rnd.IntN(4) {
			case 0:
				b = append(b, byte(rnd.IntN(256)))
			case 1:
				b = append(b, string(rune(rnd.IntN(0x11_0000)))...)
			default:
				b = append(b, string(runes[rnd.IntN(len(runes))])...)
			}
		}
		return string(b)
	}
	sayable := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < 0x20 && r != 9 && r != 10 && r != 13 || r == 0xFFFE || r == 0xFFFF {
				return 0xFFFD
			}
			return r
		}, strings.ToValidUTF8(s, "\uFFFD"))
	}
	for range 20_000 {
		l := &sdmx.Codelist{}
		l.ID, l.Agency, l.Version, l.URI = "A", "X", "1.0", random()
		l.Names = sdmx.Texts{{Lang: "en", Value: random()}}
		l.Annotations = []sdmx.Annotation{{ID: random(), Title: random()}}
		b, err := AppendMessage(nil, SDMXML21, Header{ID: random(), Sender: random()}, l)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			List struct {
				URI  string `xml:"uri,attr"`
				Name string `xml:"Name"`
			} `xml:"Structures>Codelists>Codelist"`
		}
		if err := xml.Unmarshal(b, &got); err != nil {
			t.Fatalf("no parser takes what was written: %v\n%q", err, b)
		}
		if got.List.Name != sayable(l.Names[0].Value) || got.List.URI != sayable(l.URI) {
			t.Fatalf("%q, %q came out as %q, %q", l.Names[0].Value, l.URI, got.List.Name, got.List.URI)
		}
		if b, err = AppendMessage(nil, FusionJSON, Header{ID: random()}, l); err != nil || !json.Valid(b) {
			t.Fatalf("no parser takes what was written: %v\n%q", err, b)
		}
	}
}
