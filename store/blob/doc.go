// Package blob keeps the pictures of catalogs: files named by their content.
//
// A picture of one's own comes in by Put, which decodes it whole, takes out what
// shoppers have no business to know (where a photo was taken, with what, when)
// and gives the manifest to be signed. Another brand's picture comes in by
// Import, byte for byte, because its name is signed already. Neither is ever
// shown to a browser: what pages show is made by Sized, decoded and encoded anew.
//
// A folder holds
//
//	originals/5f/bafkrei…            what is signed; flushed to disk before it gets its name
//	sizes/5f/bafkrei…-640.jpg        made on first demand; may be deleted at any time
//	sizes/5f/bafkrei…-refused        the note that an original proved to be no picture
//	tmp/                             what is being written; emptied by Open
//
// sharded by the first byte of the digest. One process at a time may have it open.
//
// What is taken out: of JPEG everything but the frame itself, the JFIF header, the
// colour profile and Adobe's colour transform (so no Exif, XMP, IPTC, comments,
// embedded previews and nothing after the end); of PNG every chunk that isn't
// needed for the pixels and their colours; of GIF comments, plain text and
// application blocks other than the loop count; of WebP Exif, XMP and unknown
// chunks. A picture that its Exif data turns is turned and encoded anew.
//
// Sizes carry no colour profile and none is applied: a picture in a wide-gamut
// space such as Display P3 looks a little duller on pages than in its original.
//
// The package knows manifests (specs/06-records.md, media) and nothing of brands,
// catalogs or who may see what.
package blob
