package protocol

import "strings"

// Currency is an ISO 4217 alphabetic code that is in use for payments.
type Currency string

// ParseCurrency checks s, in either case, against the ISO 4217 table.
func ParseCurrency(s string) (Currency, error) {
	c := Currency(strings.ToUpper(s))
	if _, ok := exponents[c]; !ok {
		return "", Invalid("currency", "%q is not an ISO 4217 code such as EUR", clip(s, 20))
	}
	return c, nil
}

// Exponent returns how many decimal digits the minor unit stands behind the
// major one: 2 for EUR, 0 for JPY, 3 for KWD. It is 2 for a code that
// ParseCurrency would refuse.
func (c Currency) Exponent() int {
	if e, ok := exponents[c]; ok {
		return e
	}
	return 2
}

// exponents is the ISO 4217 list of active currencies (table A.1, amendment 179)
// without the codes that are no money (metals, test, bond units).
var exponents = exponentTable(map[int]string{
	0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
	2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF " +
		"CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ " +
		"GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD " +
		"MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON " +
		"RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS " +
		"UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
	3: "BHD IQD JOD KWD LYD OMR TND",
	4: "CLF UYW",
})

func exponentTable(lists map[int]string) map[Currency]int {
	table := map[Currency]int{}
	for exponent, codes := range lists {
		for _, code := range strings.Fields(codes) {
			table[Currency(code)] = exponent
		}
	}
	return table
}
