// What an address needs, by country: a postcode and its form, a region and what it is
// called, and whether the postcode stands before the city. After the addressing guides of
// the national posts, as the Universal Postal Union collects them. A country that isn't
// listed gets a form that asks for nothing it may not have.
export interface Rules {
  readonly postcode: "must" | "may" | "none";
  readonly form?: RegExp;
  readonly example?: string;
  readonly region: "must" | "may" | "none";
  // What the region is called: region, state, province, county or prefecture.
  readonly regionName: string;
  readonly regions?: Readonly<Record<string, string>>;
  readonly postcodeFirst: boolean;
}

// One line a country: postcode pattern (# a digit, @ a letter, * either, others themselves, | or),
// an example, a region ("state!" must be given, "state" may), and "<" where the postcode
// stands first.
const table: Readonly<Record<string, string>> = {
  AT: "####;1010;;<", AU: "####;2000;state!", BE: "####;1000;;<", BG: "####;1000;;<", BR: "#####-###|########;01310-100;state!", CA: "@#@ #@#|@#@#@#;K1A 0B1;province!",
  CH: "####;8001;;<", CN: "######;100000;province!", CY: "####;1010;;<", CZ: "### ##|#####;110 00;;<", DE: "#####;10115;;<", DK: "####;1050;;<", EE: "#####;10111;;<", ES: "#####;28001;province!;<",
  FI: "#####;00100;;<", FR: "#####;75001;;<", GB: "@# #@@|@## #@@|@@# #@@|@@## #@@|@#@ #@@|@@#@ #@@;SW1A 1AA;county", GR: "### ##|#####;105 57;;<", HR: "#####;10000;;<", HU: "####;1051;;<",
  IE: "@#* ****;D02 X285;county", IL: "#######;6100000;;<",
  IN: "######|### ###;110001;state!", IS: "###;101;;<", IT: "#####;00118;province!;<", JP: "###-####|#######;100-0001;prefecture!;<", KR: "#####;04524;province", LI: "94##;9490;;<", LT: "LT-#####|#####;LT-01100;;<",
  LU: "####|L-####;1009;;<", LV: "LV-####;LV-1050;;<", MT: "@@@ ####;VLT 1117;", MX: "#####;06000;state!;<", NL: "#### @@|####@@;1012 AB;;<", NO: "####;0150;;<", NZ: "####;6011;", PL: "##-###;00-001;;<", PT: "####-###;1000-001;;<",
  RO: "######;010011;county;<", SE: "### ##|#####;111 20;;<", SG: "######;018956;", SI: "####;1000;;<", SK: "### ##|#####;811 01;;<", TR: "#####;06050;province;<", TW: "###|#####|######;100;county", UA: "#####;01001;region;<", US: "#####|#####-####;10001;state!",
  ZA: "####;0001;province", TH: "#####;10100;province!", VN: "######|#####;100000;province", PH: "####;1000;province", MY: "#####;50000;state!;<", ID: "#####;10110;province!", AR: "####|@####@@@;C1425CLA;province", CL: "#######;8320000;region", CO: "######;110111;region",
  HK: ";;", AE: ";;", QA: ";;", BO: ";;", GH: ";;", JM: ";;", PA: ";;", UG: ";;", ZW: ";;", AO: ";;", BS: ";;", FJ: ";;",
};

const lists: Readonly<Record<string, string>> = {
  US: "AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|PR Puerto Rico|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming",
  CA: "AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NT Northwest Territories|NS Nova Scotia|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Québec|SK Saskatchewan|YT Yukon",
  AU: "ACT Australian Capital Territory|NSW New South Wales|NT Northern Territory|QLD Queensland|SA South Australia|TAS Tasmania|VIC Victoria|WA Western Australia",
};

const generic: Rules = { postcode: "may", region: "may", regionName: "region", postcodeFirst: false };

export function rulesOf(country: string): Rules {
  const line = table[country];
  if (line === undefined) return generic;
  const [pattern = "", example = "", region = "", first = ""] = line.split(";");
  const list = lists[country];
  return {
    postcode: pattern ? "must" : "none",
    ...(pattern && { form: formOf(pattern), example }),
    region: region.endsWith("!") ? "must" : region ? "may" : "none",
    regionName: region.replace("!", "") || "region",
    ...(list && { regions: Object.fromEntries(list.split("|").map((l) => [l.slice(0, l.indexOf(" ")), l.slice(l.indexOf(" ") + 1)])) }),
    postcodeFirst: first === "<",
  };
}

function formOf(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern.replace(/#/g, "\\d").replace(/@/g, "[A-Z]").replace(/\*/g, "[A-Z0-9]").replace(/ /g, " ?")})$`);
}

// neat brings a postcode to the form it is written in.
export const neat = (postcode: string): string => postcode.trim().toUpperCase().replace(/\s+/g, " ").replace(/[\u2010-\u2015]/g, "-");

// isPostcode says whether a postcode may be one of the country's.
export function isPostcode(country: string, postcode: string): boolean {
  const { form, postcode: asked } = rulesOf(country);
  const text = neat(postcode);
  if (text === "") return asked !== "must";
  return text.length <= 20 && (form === undefined || form.test(text));
}

// all are the countries and territories of ISO 3166-1.
export const all =
  "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW".split(
    " ",
  );
