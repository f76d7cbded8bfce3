// Package wire holds what nodes say to each other: announcements of heads with
// the verdict that gossip needs on each, the budgets that bound them, the frames
// of push streams and of the catch-up protocol, and the checks by which a node that
// catches up finds out which peer lied. It carries out specs/11-announcement.md,
// specs/12-catchup.md and specs/13-push.md, and its tests the stories of
// specs/15-mirror.md. Of conversations it holds the bodies of specs/20-thread-http.md
// and the frames of specs/19-mail.md; what is sealed in them is package thread's.
//
// The package is pure. It does not know how bytes travel, what time it is (time
// is handed in), who its peers are or where a catalog is kept.
package wire
