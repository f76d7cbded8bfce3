package protocol

import (
	"strings"

	"golang.org/x/text/language"
)

// Country is an ISO 3166-1 alpha-2 code in upper case.
type Country string

// ParseCountry checks s, in either case, against the officially assigned codes
// and XK, which carriers and the EU use for Kosovo.
func ParseCountry(s string) (Country, error) {
	up := strings.ToUpper(s)
	if len(up) != 2 || !strings.Contains(countries, up+" ") {
		return "", Invalid("country", "%q is not an ISO 3166-1 alpha-2 code such as DE", clip(s, 20))
	}
	return Country(up), nil
}

// Language is a BCP 47 tag in its canonical case, for example "de" or "zh-Hant".
type Language string

// ParseLanguage checks s and brings it to canonical case.
func ParseLanguage(s string) (Language, error) {
	tag, err := language.Parse(s)
	if err != nil || len(s) > 35 || tag == language.Und {
		return "", Invalid("language", "%q is not a BCP 47 tag such as en or pt-BR", clip(s, 40))
	}
	return Language(tag.String()), nil
}

// countries lists ISO 3166-1 alpha-2 as of 2026 and XK, each code with a space
// behind it.
const countries = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR " +
	"BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ " +
	"EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW " +
	"GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY " +
	"KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV " +
	"MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY " +
	"QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG " +
	"TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA " +
	"ZM ZW "
