package catalog

import "github.com/stoa-commerce/stoa/protocol"

// Profile is what a brand says of itself, and how its pages look.
type Profile struct {
	Header
	Name         string            `cbor:"name" json:"name"`
	Tagline      string            `cbor:"tagline,omitempty" json:"tagline,omitempty"`
	Description  string            `cbor:"description,omitempty" json:"description,omitempty"`
	Language     protocol.Language `cbor:"language" json:"language"`
	Country      protocol.Country  `cbor:"country" json:"country"`
	Currency     protocol.Currency `cbor:"currency" json:"currency"`
	Email        string            `cbor:"email,omitempty" json:"email,omitempty"`
	Phone        string            `cbor:"phone,omitempty" json:"phone,omitempty"`
	Address      *Address          `cbor:"address,omitempty" json:"address,omitempty"`
	VATID        string            `cbor:"vatId,omitempty" json:"vatId,omitempty"`
	Since        string            `cbor:"since,omitempty" json:"since,omitempty"`
	Theme        Theme             `cbor:"theme,omitzero" json:"theme,omitzero"`
	Home         Home              `cbor:"home,omitzero" json:"home,omitzero"`
	Menu         []Link            `cbor:"menu,omitempty" json:"menu,omitempty"`
	Announcement string            `cbor:"announcement,omitempty" json:"announcement,omitempty"`
	Logo         *MediaRef         `cbor:"logo,omitempty" json:"logo,omitempty"`
	Gateways     []string          `cbor:"gateways,omitempty" json:"gateways,omitempty"` // https URLs that serve this brand
	Peers        []string          `cbor:"peers,omitempty" json:"peers,omitempty"`       // multiaddrs of its nodes
}

// Address is where a brand is reached by post.
type Address struct {
	Company    string           `cbor:"company,omitempty" json:"company,omitempty"`
	Street     string           `cbor:"street,omitempty" json:"street,omitempty"`
	PostalCode string           `cbor:"postalCode,omitempty" json:"postalCode,omitempty"`
	City       string           `cbor:"city,omitempty" json:"city,omitempty"`
	Region     string           `cbor:"region,omitempty" json:"region,omitempty"`
	Country    protocol.Country `cbor:"country,omitempty" json:"country,omitempty"`
}

// Theme is the handful of tokens that give a shop its face. Colours are #rrggbb.
type Theme struct {
	Accent       string  `cbor:"accent,omitempty" json:"accent,omitempty"`
	Ground       string  `cbor:"ground,omitempty" json:"ground,omitempty"`
	Ink          string  `cbor:"ink,omitempty" json:"ink,omitempty"`
	Dark         *Colors `cbor:"dark,omitempty" json:"dark,omitempty"`
	Scheme       string  `cbor:"scheme,omitempty" json:"scheme,omitempty"`             // light, dark or "" for the shopper's own
	Radius       string  `cbor:"radius,omitempty" json:"radius,omitempty"`             // none, small, large or round
	Type         string  `cbor:"type,omitempty" json:"type,omitempty"`                 // grotesk, serif, display-serif or mono
	PictureShape string  `cbor:"pictureShape,omitempty" json:"pictureShape,omitempty"` // portrait, square or round
	Density      string  `cbor:"density,omitempty" json:"density,omitempty"`           // airy, normal or dense
}

// Colors are the theme's colours in the other scheme.
type Colors struct {
	Accent string `cbor:"accent" json:"accent"`
	Ground string `cbor:"ground" json:"ground"`
	Ink    string `cbor:"ink" json:"ink"`
}

// Home is the front page: a hero, then sections.
type Home struct {
	Hero     *Story    `cbor:"hero,omitempty" json:"hero,omitempty"`
	Sections []Section `cbor:"sections,omitempty" json:"sections,omitempty"`
}

// Section is a row of a collection's products, or a story.
type Section struct {
	Collection protocol.Handle `cbor:"collection,omitempty" json:"collection,omitempty"`
	Title      string          `cbor:"title,omitempty" json:"title,omitempty"`
	Story      *Story          `cbor:"story,omitempty" json:"story,omitempty"`
}

// Story is a picture with words and a way on.
type Story struct {
	Title   string    `cbor:"title,omitempty" json:"title,omitempty"`
	Text    string    `cbor:"text,omitempty" json:"text,omitempty"`
	Picture *MediaRef `cbor:"picture,omitempty" json:"picture,omitempty"`
	Link    *Link     `cbor:"link,omitempty" json:"link,omitempty"`
}

// Link is a labelled reference: a path of the shop such as /c/tea, or an https URL.
type Link struct {
	Label string `cbor:"label" json:"label"`
	Href  string `cbor:"href" json:"href"`
}

// Path implements Record.
func (p *Profile) Path() protocol.Path { return ProfilePath }

// ProfilePath is where every brand's profile stands.
const ProfilePath protocol.Path = "profile"

// Collection is a set of products: a list, or a rule that every node applies for
// itself. One of the two is empty.
type Collection struct {
	Header
	Handle      protocol.Handle   `cbor:"handle" json:"handle"`
	Title       string            `cbor:"title" json:"title"`
	Description string            `cbor:"description,omitempty" json:"description,omitempty"` // sanitised HTML
	Picture     *MediaRef         `cbor:"picture,omitempty" json:"picture,omitempty"`
	Products    []protocol.Handle `cbor:"products,omitempty" json:"products,omitempty"`
	Rule        *Rule             `cbor:"rule,omitempty" json:"rule,omitempty"`
}

// Rule selects products by their public fields.
type Rule struct {
	Match      string      `cbor:"match" json:"match"` // all or any
	Conditions []Condition `cbor:"conditions" json:"conditions"`
}

// Condition compares one field. Text is compared without regard to case; price
// is a decimal in the shop's currency, compared with the lowest price.
type Condition struct {
	Field string `cbor:"field" json:"field"` // tag, type, vendor, title, price or availability
	Op    string `cbor:"op" json:"op"`       // is, not, contains, less or greater
	Value string `cbor:"value" json:"value"`
}

// Path implements Record.
func (c *Collection) Path() protocol.Path { return CollectionPath(c.Handle) }

// CollectionPath returns the path of a collection.
func CollectionPath(h protocol.Handle) protocol.Path { return protocol.Path("collection/" + h) }

// Page is a text the shop keeps: about, shipping, returns, privacy, imprint or
// any other.
type Page struct {
	Header
	Handle  protocol.Handle `cbor:"handle" json:"handle"`
	Kind    string          `cbor:"kind" json:"kind"` // about, shipping, returns, privacy, imprint or page
	Title   string          `cbor:"title" json:"title"`
	Body    string          `cbor:"body" json:"body"` // sanitised HTML
	Updated protocol.Millis `cbor:"updated" json:"updated"`
}

// Path implements Record.
func (p *Page) Path() protocol.Path { return protocol.Path("page/" + p.Handle) }

// Post is news.
type Post struct {
	Header
	Handle  protocol.Handle `cbor:"handle" json:"handle"`
	Title   string          `cbor:"title" json:"title"`
	Date    protocol.Millis `cbor:"date" json:"date"`
	Summary string          `cbor:"summary,omitempty" json:"summary,omitempty"`
	Body    string          `cbor:"body" json:"body"` // sanitised HTML
	Picture *MediaRef       `cbor:"picture,omitempty" json:"picture,omitempty"`
}

// Path implements Record.
func (p *Post) Path() protocol.Path { return protocol.Path("post/" + p.Handle) }

// Media is the manifest of a picture: what to expect before fetching it.
type Media struct {
	Header
	Blob   protocol.CID `cbor:"blob" json:"blob"` // raw
	MIME   string       `cbor:"mime" json:"mime"` // image/jpeg, image/png, image/gif or image/webp
	Size   int64        `cbor:"size" json:"size"` // bytes, at most 20 MiB
	Width  int          `cbor:"width" json:"width"`
	Height int          `cbor:"height" json:"height"`
	Color  string       `cbor:"color,omitempty" json:"color,omitempty"` // average, #rrggbb, shown while loading
}

// Path implements Record.
func (m *Media) Path() protocol.Path { return MediaPath(m.Blob) }

// MediaPath returns the path of a picture's manifest.
func MediaPath(blob protocol.CID) protocol.Path { return protocol.Path("media/" + blob.String()) }
