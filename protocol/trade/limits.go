package trade

// Limits of terms. "Characters" are Unicode code points.
const (
	MaxZones     = 100
	MaxRates     = 20     // ways of shipping in one zone
	MaxSteps     = 50     // of one rate
	MaxTaxRates  = 1000   //
	MaxDiscounts = 1000   //
	MaxPayments  = 10     //
	MaxPlaces    = 1000   // regions or postcodes of one zone
	MaxID        = 40     // of a rate, zone or payment: a-z, 0-9, '-', '_'
	MaxTermName  = 100    // characters of a name that shoppers read
	MaxCode      = 40     // characters of a discount code
	MaxPlace     = 40     // characters of a region or postcode
	MaxTermsText = 2_000  // characters of instructions and of the text about returns
	MaxTexts     = 16_000 // bytes of all instructions and of the text about returns together
	MaxDays      = 3650   //
	MaxHoldDays  = 365    // days that an unpaid order holds its stock
)

// Limits of what a shopper says in an order.
const (
	MaxPersonLine = 200   // characters of one line of a name or an address
	MaxNote       = 2_000 // characters of the note to the brand
	MaxReason     = 1_000 // characters of the reason for a cancellation or return
	MaxReturns    = 20    // returns of one order
)
