package protocol

// GTIN is a GS1 trade item number of 8, 12, 13 or 14 digits whose check digit is
// right (GS1 General Specifications §7.9).
type GTIN string

// ParseGTIN checks length, digits and check digit.
func ParseGTIN(s string) (GTIN, error) {
	switch len(s) {
	case 8, 12, 13, 14:
	default:
		return "", Invalid("gtin", "%q has %d characters instead of 8, 12, 13 or 14", clip(s, 40), len(s))
	}
	sum := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return "", Invalid("gtin", "%q holds something other than digits", s)
		}
		weight := 1
		if (len(s)-1-i)%2 == 1 {
			weight = 3
		}
		sum += weight * int(s[i]-'0')
	}
	if sum%10 != 0 {
		return "", Invalid("gtin", "%q has a wrong check digit", s)
	}
	return GTIN(s), nil
}
