// Package notify calls people back who aren't looking: shoppers by e-mail or Web
// Push when their brand answered, committed or shipped, and the brand itself by
// e-mail when there is something to do. A message says that there is something and
// where; never what stands in the conversation.
//
// Web Push is RFC 8030 with the encryption of RFC 8291 and the identification of RFC
// 8292; specs/17-bodies.md says how a shopper asks for either. The package sends and
// keeps trying; it doesn't know of threads, orders or the store.
package notify
