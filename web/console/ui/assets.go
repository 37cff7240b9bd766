package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"path"
	"regexp"
	"strings"
)

// AssetPrefix is the path under which assets are served.
const AssetPrefix = "/assets/"

//go:embed console.css assets/console.js assets/htmx.min.js assets/icon.svg fonts/*.woff2
var files embed.FS

// An Asset is one file that pages load. Its name holds a hash of its content, so
// that it may be kept for ever.
type Asset struct {
	Name, MediaType string
	Content         []byte
	Gzipped         []byte // nil where compression gains nothing
}

// assets are by their hashed names; assetNames are the hashed names by the plain ones.
var assets, assetNames = loadAssets()

// AssetByName finds an asset by its hashed name.
func AssetByName(name string) (Asset, bool) {
	a, ok := assets[name]
	return a, ok
}

// AssetPath is the path at which an asset is served.
func AssetPath(plain string) string { return AssetPrefix + assetNames[plain] }

var fontURL = regexp.MustCompile(`url\(fonts/([^)]+)\)`)

// loadAssets names every file by a hash of its content. The stylesheet comes last, because
// it refers to the fonts.
func loadAssets() (byHash map[string]Asset, names map[string]string) {
	byHash, names = map[string]Asset{}, map[string]string{}
	keep := func(plain string, content []byte) {
		sum := sha256.Sum256(content)
		ext := path.Ext(plain)
		hashed := strings.TrimSuffix(plain, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		media := mime.TypeByExtension(ext)
		var gzipped []byte
		if ext == ".woff2" { // already compressed, and not in every system's table of types
			media = "font/woff2"
		} else {
			gzipped = squeeze(content)
		}
		names[plain] = hashed
		byHash[hashed] = Asset{hashed, media, content, gzipped}
	}
	var style []byte
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		switch {
		case err != nil:
			return err
		case name == "console.css":
			style = content
		default:
			keep(path.Base(name), content)
		}
		return nil
	})
	if err != nil { // a defect: the files are embedded
		panic(err)
	}
	keep("console.css", fontURL.ReplaceAllFunc(style, func(m []byte) []byte {
		return []byte("url(" + names[string(fontURL.FindSubmatch(m)[1])] + ")")
	}))
	return byHash, names
}

func squeeze(content []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = z.Write(content)                               // a bytes.Buffer never fails
	_ = z.Close()
	return b.Bytes()
}
