package ui

import "github.com/a-h/templ"

// icons are the drawings by name, 16 by 16, in lines of the text's colour; class f fills.
var icons = map[string]string{
	"menu":         `<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>`,
	"find":         `<circle cx="7" cy="7" r="4.4"/><path d="m10.4 10.4 3.2 3.2"/>`,
	"dashboard":    `<path d="M2.5 13.5v-5M6.2 13.5v-11M9.9 13.5v-7M13.5 13.5v-9"/>`,
	"structures":   `<path d="M3 2.5V12h4M3 6h4"/><rect x="8.5" y="4" width="5" height="4" rx=".8"/><rect x="8.5" y="10" width="5" height="4" rx=".8"/>`,
	"transactions": `<path d="M2.5 4h11M2.5 8h11M2.5 12h7"/>`,
	"submit":       `<path d="M8 10.5v-8M4.8 5.5 8 2.3l3.2 3.2M2.5 10.5v3h11v-3"/>`,
	"producers":    `<circle cx="3.8" cy="8" r="1.8"/><circle cx="12.2" cy="3.8" r="1.8"/><circle cx="12.2" cy="12.2" r="1.8"/><path d="m5.5 7.2 5-2.6M5.5 8.8l5 2.6"/>`,
	"topics":       `<rect x="2" y="3.5" width="12" height="9" rx="1"/><path d="M5.5 3.5v9M9 3.5v9"/>`,
	"connections":  `<path d="M6 2.5v3M10 2.5v3M4 5.5h8V8a4 4 0 0 1-8 0ZM8 12v2"/>`,
	"mail":         `<rect x="2" y="3.5" width="12" height="9" rx="1"/><path d="m2.5 4.5 5.5 4 5.5-4"/>`,
	"access":       `<circle cx="8" cy="5.2" r="2.7"/><path d="M3 13.5c.4-2.8 2.4-4 5-4s4.6 1.2 5 4"/>`,
	"audit":        `<path d="M4 2.5h8v11H4ZM6.3 6h3.4M6.3 9h3.4"/>`,
	"settings":     `<path d="M2.5 5h7M12.5 5h1M2.5 11h1M6.5 11h7"/><circle cx="11" cy="5" r="1.5"/><circle cx="5" cy="11" r="1.5"/>`,
	"tick":         `<path d="m2.8 8.6 3.4 3.4 7-7.6"/>`,
	"renamed":      `<path d="M2.5 8h11M9.6 4.2 13.4 8l-3.8 3.8"/>`,
	"error":        `<path d="M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4Z"/><path d="m5.9 5.9 4.2 4.2M10.1 5.9l-4.2 4.2"/>`,
	"lock":         `<rect x="3.5" y="7" width="9" height="6.5" rx="1"/><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/>`,
	"warning":      `<path d="M8 2.2 14.4 13.4H1.6Z"/><path d="M8 6.4v3.2M8 11.5v.1"/>`,
	"close":        `<path d="m4 4 8 8M12 4l-8 8"/>`,
	"copy":         `<rect x="5.4" y="5.4" width="8" height="8" rx="1.2"/><path d="M10.6 5.2V3.6a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h1.6"/>`,
	"recovering":   `<path d="M13.2 8a5.2 5.2 0 1 1-1.6-3.75"/><path d="M13.2 1.9v3.2H10"/>`,
	"none":         `<path d="M4 8h8" stroke-dasharray="2 2.6"/>`,
	"pending":      `<circle cx="8" cy="8" r="5.8"/><path d="M8 4.8V8l2.2 1.4"/>`,
	"idle":         `<circle cx="8" cy="8" r="5.6"/><circle class="f" cx="8" cy="8" r="2"/>`,
	"suspended":    `<path d="M5.4 3.2v9.6M10.6 3.2v9.6" stroke-width="2.6"/>`,
	"publishing":   `<path class="f" fill-rule="evenodd" d="M8 1.4a6.6 6.6 0 1 0 0 13.2A6.6 6.6 0 0 0 8 1.4Zm-1.7 3.7 4.9 2.9-4.9 2.9Z"/>`,
	"added":        `<path d="M8 3v10M3 8h10"/>`,
	"removed":      `<path d="M3 8h10"/>`,
	"text":         `<path d="M2.6 9.4c1.8-3 3.6-3 5.4-1.4s3.6 1.6 5.4-1.4"/>`,
	"reference":    `<path d="M6.5 9.5 13 3M9 3h4v4M11.5 9.5v4h-9v-9h4"/>`,
	"moved":        `<path d="M5 2.5v11M2.5 5 5 2.5 7.5 5M11 13.5v-11M8.5 11l2.5 2.5 2.5-2.5"/>`,
	"skipped":      `<path d="m3 3.6 4.4 4.4L3 12.4M8.6 3.6 13 8l-4.4 4.4"/>`,
	"next":         `<path d="m6 3.5 4.5 4.5L6 12.5"/>`,
	"open":         `<path d="M3.5 6 8 10.5 12.5 6"/>`,
	"covered":      `<path d="M8 2.2 14 5.6 8 9 2 5.6Z"/><path d="m2.6 9.4 5.4 3 5.4-3"/>`,
	"stopped":      `<rect x="3.2" y="3.2" width="9.6" height="9.6" rx="1.2"/>`,
	"file":         `<path d="M4 2h5l3 3v9H4ZM9 2v3h3"/>`,
	"same":         `<path d="M3 6h10M3 10h10"/>`,
}

// Icon draws an icon. Icons are hidden from screen readers, for a word stands beside each.
func Icon(name string) templ.Component {
	class := "i"
	if name == "recovering" {
		class = "i spin"
	}
	return templ.Raw(`<svg class="` + class + `" viewBox="0 0 16 16" aria-hidden="true">` + icons[name] + `</svg>`)
}
