package main

import (
	"crypto/ed25519"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

func (t *talk) cert(kind string, key, by ed25519.PrivateKey) []byte {
	return sure(thread.Certificate{Thread: t.genesis.Thread, Key: protocol.PublicKeyOf(key), Kind: kind, Time: talkStart}.Sign(by))
}

// chains are certificates from the identity to a device.
func (t *talk) chains() []vec {
	laptop, link, other := namedKey("the shopper's laptop"), namedKey("link"), namedKey("other")
	device, byLink, linkCert := t.cert("device", laptop, t.identity), t.cert("device", laptop, link), t.cert("link", link, t.identity)
	elsewhere := sure(thread.Certificate{Thread: object("another thread"), Key: protocol.PublicKeyOf(laptop), Kind: "device", Time: talkStart}.Sign(t.identity))
	good := func(name string, through ed25519.PrivateKey, known bool, certs ...[]byte) vec {
		v := t.chain(name, known, certs...).with(vec{"valid": true, "device": hexed(public(laptop))})
		if through != nil {
			v["link"] = hexed(public(through))
		}
		return v
	}
	bad := func(name, class string, known bool, certs ...[]byte) vec {
		return t.chain(name, known, certs...).with(vec{"valid": false, "error": class})
	}
	return []vec{
		good("by the identity", nil, false, device),
		good("by a link", link, false, linkCert, byLink),
		good("by a link that is known", link, true, byLink),
		bad("by a link that is not known", "signature", false, byLink),
		bad("none", "form", false),
		bad("three", "form", false, linkCert, linkCert, byLink),
		bad("in the wrong order", "form", false, byLink, linkCert),
		bad("a link's is no device's", "form", false, linkCert),
		bad("a device certifies a device", "form", false, t.cert("device", link, t.identity), byLink),
		bad("a link certifies a link", "form", false, linkCert, t.cert("link", laptop, link)),
		bad("a link certified by a link", "signature", false, t.cert("link", other, link), t.cert("device", laptop, other)),
		bad("by a stranger", "signature", false, t.cert("device", laptop, other)),
		bad("of another thread", "form", false, elsewhere),
		bad("of the identity itself", "form", false, t.cert("device", t.identity, t.identity)),
		bad("of the link itself", "form", false, linkCert, t.cert("device", link, link)),
	}
}

func (t *talk) chain(name string, known bool, certs ...[]byte) vec {
	list := []string{}
	for _, c := range certs {
		list = append(list, hexed(c))
	}
	links := []string{}
	if known {
		links = append(links, hexed(public(namedKey("link"))))
	}
	return vec{"name": "certificates " + name, "kind": "certificates", "thread": t.genesis.Thread, "identity": hexed(public(t.identity)), "links": links, "certs": list}
}
