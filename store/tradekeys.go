package store

import (
	"encoding/binary"

	"github.com/stoa-commerce/stoa/protocol"
)

// threadNo stands for a thread in keys: the number of its conversation slot.
type threadNo uint32

var (
	keySlotsTaken = []byte("m/slots")
	keyOrders     = []byte("m/orders")
	keyNotices    = []byte("m/notices")
	keyErased     = []byte("m/erased")
	keyKeysMade   = []byte("m/keys")
	keyRestored   = []byte("m/restored")
	keyErasures   = []byte("mj/")
)

func keyKey(slot uint32) []byte { return binary.BigEndian.AppendUint32([]byte("mk/"), slot) }

func keyErasure(n int) []byte { return binary.BigEndian.AppendUint64([]byte("mj/"), uint64(n)) }

func keyThread(id protocol.CID) []byte { return id.Append([]byte("ct/")) }

func keyShopper(h hidden) []byte { return append([]byte("ci/"), h[:]...) }

func keyInbox(touched Millis, thread protocol.CID) []byte {
	return thread.Append(binary.BigEndian.AppendUint64([]byte("cl/"), ^uint64(touched)))
}

func (n threadNo) append(prefix string) []byte {
	return binary.BigEndian.AppendUint32([]byte(prefix), uint32(n))
}

func keyThreadGenesis(n threadNo) []byte { return n.append("cg/") }

func keyEntries(n threadNo) []byte { return n.append("ce/") }

func keyEntry(n threadNo, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(keyEntries(n), seq)
}

func keyEntryIDs(n threadNo) []byte { return n.append("cn/") }

func keyEntryID(n threadNo, id protocol.CID) []byte { return id.Append(keyEntryIDs(n)) }

func keyQuotes(n threadNo) []byte { return n.append("cq/") }

func keyQuote(n threadNo, quote protocol.CID) []byte { return quote.Append(keyQuotes(n)) }

func keyBlobs(n threadNo) []byte { return n.append("cb/") }

func keyBlob(n threadNo, id protocol.CID) []byte { return id.Append(keyBlobs(n)) }

func keyOrdersOf(n threadNo) []byte { return n.append("cf/") }

func keyHasOrders(n threadNo) []byte { return n.append("ca/") }

func keyOrderOf(n threadNo, number uint64) []byte {
	return binary.BigEndian.AppendUint64(keyOrdersOf(n), number)
}

func keyOrder(id protocol.CID) []byte { return id.Append([]byte("co/")) }

func keyOrderNumber(number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte("cm/"), number)
}

func keyOrderOpen(number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte("cp/"), number)
}

func keyStock(id protocol.VariantID) []byte { return []byte("cs/" + string(id)) }

func keyStagedStock(run importRun, id protocol.VariantID) []byte {
	return append(keyStagedStocks(run), id...)
}

func keyStagedStocks(run importRun) []byte {
	return binary.BigEndian.AppendUint64([]byte("sk/"), uint64(run))
}

func keyHold(order protocol.CID) []byte { return order.Append([]byte("ch/")) }

func keyHoldUntil(until Millis, order protocol.CID) []byte {
	return order.Append(binary.BigEndian.AppendUint64([]byte("cu/"), uint64(until)))
}

func keyDiscount(code string) []byte { return []byte("cd/" + code) }

func keyNotice(id uint64) []byte { return binary.BigEndian.AppendUint64([]byte("cx/"), id) }

func keyNoticeDue(due Millis, id uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte("cy/"), uint64(due)), id)
}

func keyPrekey(id protocol.CID) []byte { return id.Append([]byte("ck/")) }

func keyErasing(thread protocol.CID) []byte { return thread.Append([]byte("cw/")) }

func keyTerm(until Millis, thread protocol.CID) []byte {
	return thread.Append(binary.BigEndian.AppendUint64([]byte("cz/"), uint64(until)))
}
