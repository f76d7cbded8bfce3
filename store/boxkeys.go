package store

import (
	"encoding/binary"

	"github.com/stoa-commerce/stoa/protocol"
)

func keyBox(thread protocol.CID) []byte { return thread.Append([]byte("rb/")) }

func keyBoxOf(brand, thread protocol.CID) []byte { return thread.Append(keyBoxesOf(brand)) }

func keyBoxesOf(brand protocol.CID) []byte { return brand.Append([]byte("rl/")) }

func keyItems(thread protocol.CID, d Direction) []byte {
	return append(thread.Append([]byte("ri/")), byte(d))
}

func keyItem(thread protocol.CID, d Direction, n uint64) []byte {
	return binary.BigEndian.AppendUint64(keyItems(thread, d), n)
}

func keyItemBytes(thread protocol.CID, d Direction, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(thread.Append([]byte("rp/")), byte(d)), n)
}

func keyItemID(thread protocol.CID, d Direction, id protocol.CID) []byte {
	return id.Append(append(thread.Append([]byte("rh/")), byte(d)))
}

func keyTurns(brand protocol.CID) []byte { return brand.Append([]byte("rq/")) }

func keyTurn(brand protocol.CID, turn uint64) []byte {
	return binary.BigEndian.AppendUint64(keyTurns(brand), turn)
}

func keyLastTurn(brand protocol.CID) []byte { return brand.Append([]byte("rt/")) }

func keyItemUntil(until Millis, thread protocol.CID, d Direction, n uint64) []byte {
	key := binary.BigEndian.AppendUint64([]byte("re/"), uint64(until))
	return binary.BigEndian.AppendUint64(append(thread.Append(key), byte(d)), n)
}

func keyBoxUntil(until Millis, thread protocol.CID) []byte {
	return thread.Append(binary.BigEndian.AppendUint64([]byte("rx/"), uint64(until)))
}

// readItemPlace reads what the keys of items end in.
func readItemPlace(b []byte) (thread protocol.CID, d Direction, n uint64, err error) {
	thread, err = protocol.CIDFromBytes(b[:protocol.CIDSize])
	rest := b[protocol.CIDSize:]
	return thread, Direction(rest[0]), binary.BigEndian.Uint64(rest[1:]), err
}
