package blob

import "encoding/binary"

const tagOrientation = 0x0112

// exifTurn finds the orientation in a TIFF structure as Exif has it (CIPA DC-008,
// §4.6.4): a SHORT of 1 to 8 in the first directory. Anything broken means none.
func exifTurn(tiff []byte) turn {
	order := byteOrder(tiff)
	if order == nil {
		return 0
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 0
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == 3 {
			return asTurn(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return 0
}

func byteOrder(tiff []byte) binary.ByteOrder {
	switch {
	case len(tiff) < 8:
		return nil
	case string(tiff[:4]) == "II*\x00":
		return binary.LittleEndian
	case string(tiff[:4]) == "MM\x00*":
		return binary.BigEndian
	}
	return nil
}

func asTurn(v uint16) turn {
	if v > 8 {
		return 0
	}
	return turn(v)
}
