package wire

import (
	"crypto/sha256"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// Network names a network of nodes that hear each other's announcements: 1 to 32
// characters of [a-z0-9-], the first and last one no hyphen.
type Network string

// MainNetwork is the network of brands that sell; others are for tests.
const MainNetwork Network = "main"

// MaxNetwork is the longest name of a network in bytes.
const MaxNetwork = 32

// ParseNetwork checks s and returns it as a network.
func ParseNetwork(s string) (Network, error) {
	if s == "" || len(s) > MaxNetwork || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || s[0] == '-' || s[len(s)-1] == '-' {
		return "", protocol.Invalid("network", "%.40q is not 1 to %d characters of a-z, 0-9 and '-'", s, MaxNetwork)
	}
	return Network(s), nil
}

const topicPrefix, topicSuffix = "/stoa/", "/heads/1"

// Topic returns the one gossip topic of the network, "/stoa/main/heads/1".
func (n Network) Topic() string { return topicPrefix + string(n) + topicSuffix }

// ParseTopic returns the network whose topic s is.
func ParseTopic(s string) (Network, error) {
	rest, front := strings.CutPrefix(s, topicPrefix)
	name, back := strings.CutSuffix(rest, topicSuffix)
	if !front || !back {
		return "", protocol.Invalid("topic", "%.80q is not %s{network}%s", s, topicPrefix, topicSuffix)
	}
	return ParseNetwork(name)
}

// MessageID names an announcement in gossip, so that each is passed on once:
// SHA-256("stoa/announcement/v1" ‖ 00 ‖ topic ‖ data).
func MessageID(topic string, data []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte("stoa/announcement/v1\x00"))
	h.Write([]byte(topic))
	h.Write(data)
	return [sha256.Size]byte(h.Sum(nil))
}
