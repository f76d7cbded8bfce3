// Package draw turns the SVG subset in which the demo's products are drawn
// into pixels.
//
// It covers path, rect, circle, ellipse, line, polyline, polygon, g, transform,
// linear and radial gradients, clipPath with shapes, solid and dashed strokes.
// Everything else, down to an attribute it doesn't know, is an error: a picture
// that would silently lack a part is worse than none. Two departures from SVG
// are deliberate: opacity on a group multiplies into each child instead of
// fading the group as a whole, and only the nonzero fill rule exists.
//
// Paths are read with oksvg and stroked with rasterx; coverage comes from
// golang.org/x/image/vector. Colour is this package's own: compositing runs at
// 16 bits a channel and is dithered once at the end, so that the long dark
// gradients of a studio ground don't show bands.
//
// Drawings are this program's own: the package refuses what it doesn't
// understand, but isn't hardened against drawings made to exhaust it. It reads
// no file and knows nothing of brands or products.
package draw
