// What the pages of a conversation code against. Identifiers are the text of a CID,
// times milliseconds since 1970, bodies are read and bounded before they get here
// (specs/16-thread.md, specs/17-bodies.md).

// Money is an amount in the smallest unit of its currency (specs/03-values.md).
export interface Money {
  readonly minor: number;
  readonly currency: string;
}

export type Delivery = "sending" | "stored" | "received" | "committed" | "refused" | "erased";

// Item is one entry of the conversation. Those the brand has committed stand in the
// order of seq; those it has not come after them, in the order in which they were written.
export interface Item {
  readonly id: string;
  readonly seq?: number;
  readonly mine: boolean;
  // A kind of specs/17-bodies.md.
  readonly kind: string;
  // One of the bodies below, by kind; undefined when erased or unreadable.
  readonly body: any;
  readonly time: number;
  readonly state: Delivery;
  // Why the brand refused it: a machine word of specs/16-thread.md.
  readonly reason?: string;
}

export interface CartLine {
  readonly product: string;
  readonly variant: string;
  readonly quantity: number;
}

export interface Contact {
  readonly name: string;
  readonly email?: string;
  readonly phone?: string;
}

export interface Address {
  readonly name?: string;
  readonly company?: string;
  readonly street: string;
  readonly extra?: string; // second line
  readonly city: string;
  readonly region?: string;
  readonly postcode?: string;
  readonly country: string;
}

// FileRef names a sealed file and holds the key that opens it.
export interface FileRef {
  readonly blob: string;
  readonly key: Uint8Array;
  readonly type: string;
  readonly name?: string;
  readonly size: number;
  readonly width?: number;
  readonly height?: number;
  readonly preview?: Uint8Array;
}

export interface TextBody { readonly text: string; readonly about?: string }
export interface PhotoBody { readonly file: FileRef; readonly text?: string }
export interface CardBody { readonly product: string; readonly variant?: string; readonly text?: string }

export interface AskBody {
  readonly lines: readonly CartLine[];
  readonly country: string;
  readonly region?: string;
  readonly postcode?: string;
  readonly code?: string;
  readonly shipping?: string;
}

export interface QuoteLine {
  readonly product: string;
  readonly variant: string;
  readonly offer: string; // CID of the offer record that the price is from
  readonly title: string;
  readonly options: readonly string[]; // the chosen options of the variant, in words
  readonly quantity: number;
  readonly unit: Money;
  readonly total: Money; // unit × quantity, before the discount
  readonly discount: Money;
  readonly taxClass: string;
  readonly taxRate: number; // in 1/1000 %
  readonly tax: Money;
  readonly digital: boolean;
}

export interface ShippingChoice {
  readonly id: string;
  readonly kind: string; // flat, weight, value, pickup
  readonly name: string; // may be "": then the reader's word for the kind
  readonly price: Money;
  readonly taxRate: number;
  readonly tax: Money;
  readonly days: { readonly min: number; readonly max: number }; // working days; both 0 is unsaid
}

export interface PaymentChoice {
  readonly id: string;
  readonly kind: string; // bank, cod, counter
  readonly name: string; // may be ""
  readonly instructions?: string;
}

// Quote is what the brand asks for a cart. It holds nothing.
export interface Quote {
  readonly lines: readonly QuoteLine[];
  readonly goods: Money; // sum of the lines' totals, before the discount
  readonly discount?: { readonly code: string; readonly amount: Money; readonly freeShipping: boolean };
  readonly shipping?: ShippingChoice;
  readonly options: readonly ShippingChoice[];
  readonly tax: Money;
  readonly taxIncluded: boolean;
  readonly total: Money;
  readonly currency: string;
  readonly country: string;
  readonly region?: string;
  readonly postcode?: string;
  readonly payments: readonly PaymentChoice[];
  readonly returns: { readonly days: number; readonly text: string };
  readonly until: number;
  readonly digital: boolean;
  // Why a discount code has no effect: unknown, not_yet, over, too_little, used_up.
  readonly codeRefused?: string;
}

// QuoteBody answers an ask by a quote or by why there is none.
export interface QuoteBody { readonly ask: string; readonly quote?: Quote; readonly refused?: string; readonly text?: string }

export interface OrderBody {
  readonly quote: string;
  readonly records: readonly string[];
  readonly contact: Contact;
  readonly address?: Address;
  readonly billing?: Address;
  readonly method: string;
  readonly note?: string;
  readonly maxTotal: Money;
  readonly until: number;
}

export interface ReturnLine { readonly line: number; readonly quantity: number }

export interface NumberBody { readonly order: string; readonly number: number; readonly instructions?: string }
export interface PaymentBody { readonly order: string; readonly amount: Money; readonly method?: string; readonly reference?: string }
export interface ShipmentBody { readonly order: string; readonly lines: readonly ReturnLine[]; readonly carrier?: string; readonly tracking?: string; readonly url?: string }
export interface OrderRefBody { readonly order: string; readonly reason?: string } // delivered, cancel, expire
export interface DeliveryBody { readonly order: string; readonly line: number; readonly code?: string; readonly file?: FileRef }
export interface RefundBody { readonly order: string; readonly amount: Money; readonly reason?: string }
export interface ReturnBody { readonly order: string; readonly lines: readonly ReturnLine[]; readonly reason?: string; readonly withdrawal: boolean }
export interface ReturnAnswerBody { readonly order: string; readonly return: string; readonly accepted: boolean; readonly text?: string }
export interface ReturnReceivedBody { readonly order: string; readonly return: string; readonly restock: boolean }

// OrderState is four states that change apart from each other (specs/18-trade.md).
export interface OrderState {
  readonly state: "placed" | "cancelled" | "expired" | "completed";
  readonly payment: "unpaid" | "partly_paid" | "paid" | "overpaid" | "refunded" | "partly_refunded";
  readonly fulfilment: "unfulfilled" | "partly_shipped" | "shipped" | "delivered";
  readonly return: "none" | "requested" | "accepted" | "refused" | "received";
}

// OrderView is an order with all that happened to it: a fold over committed items.
export interface OrderView extends OrderState {
  readonly id: string;
  readonly number?: number;
  readonly instructions?: string; // how to pay
  readonly placed: number; // when it was committed
  readonly order: OrderBody;
  readonly quote: Quote;
  readonly quoteId: string;
  readonly method?: PaymentChoice;
  readonly paid: Money;
  readonly refunded: Money;
  readonly due: Money; // what the shopper still owes
  readonly owed: Money; // what the brand owes the shopper
  readonly shipped: readonly number[]; // how many of each line, in line order
  readonly returnable: readonly number[]; // how many of each line can be given back
  readonly events: readonly Item[]; // in order, the order itself first
  readonly canCancel: boolean;
  readonly canReturn: boolean;
}

export interface State {
  readonly ready: boolean;
  // Whether the last attempt to reach the gateway did.
  readonly online: boolean;
  // Whether the browser's own cryptography is there: false on plain http.
  readonly protected: boolean;
  // Whether keys and history outlive the tab.
  readonly persisted: boolean;
  readonly items: readonly Item[];
  readonly orders: ReadonlyMap<string, OrderView>;
  readonly unread: number;
  readonly thread?: string;
  readonly trouble?: Trouble;
  // How the brand calls shoppers back, once its prekey is proven.
  readonly offers?: { readonly push?: Uint8Array; readonly mail: boolean };
}

// Trouble is what keeps the conversation from going on: nothing can be sent
// ("no_prekey": the brand published none or it is out of date; "unproven": what the
// gateway shows as the brand's prekey isn't; "contested": the brand's identity has
// forked; "clock": this device's clock is wrong; "quota", "busy": the gateway asks to wait;
// "unknown_brand": the gateway doesn't serve the brand; "forged": the gateway passed on
// what the brand didn't sign, "forked": the brand signed two histories; "erased": the
// conversation was erased; "removed": this device was removed).
export type Trouble =
  | "no_prekey" | "unproven" | "contested" | "clock" | "quota" | "busy"
  | "unknown_brand" | "forged" | "forked" | "erased" | "removed";

export interface Device {
  readonly key: string; // hex
  readonly here: boolean;
  readonly since?: number;
  readonly removed: boolean;
}

export interface Push { readonly endpoint: string; readonly p256dh: Uint8Array; readonly auth: Uint8Array }

// Callback says how the brand may call the shopper back, and on what.
export interface Callback {
  readonly email?: string;
  readonly push?: Push;
  readonly on: readonly ("commit" | "reply" | "shipment")[];
}

export interface Placement {
  readonly quote: Item;
  readonly contact: Contact;
  readonly address?: Address;
  readonly billing?: Address;
  readonly method: string;
  readonly note?: string;
}

// Verbs that send resolve when the entry is kept in the outbox, unless they say more.
export interface Engine {
  readonly state: State;
  // subscribe calls fn now and at every change, until what it returns is called.
  subscribe(fn: (s: State) => void): () => void;
  // begin makes the thread when there is none. The verbs do so themselves.
  begin(): Promise<void>;
  say(text: string, about?: string): Promise<void>;
  // photo rejects with Refusal "too_large" or "not_a_picture".
  photo(file: Blob, text?: string): Promise<void>;
  // ask resolves with the brand's quote; rejects with Refusal or, after a while, Pending.
  ask(a: AskBody): Promise<Item>;
  // order resolves when the brand has committed it; rejects with Refusal or Pending.
  order(o: Placement): Promise<Item>;
  cancel(order: string, reason?: string): Promise<void>;
  giveBack(order: string, lines: readonly ReturnLine[], reason: string | undefined, withdrawal: boolean): Promise<void>;
  // callback replaces what was said before; null takes it back.
  callback(c: Callback | null): Promise<void>;
  // push asks the browser for a subscription under the brand's key (base64url); it
  // rejects with Refusal "push_unsupported" or "push_denied".
  push(vapid: string): Promise<Push>;
  // erase asks the brand to erase and forgets everything here.
  erase(): Promise<void>;
  exportAll(): Promise<Blob>; // one JSON file with everything, photos included
  receipt(order: string): Promise<Blob>; // for stoa verify
  // code is the recovery code for all shops, as text in groups of four.
  code(): string;
  // link opens this conversation in another browser: of this brand alone.
  link(): string;
  // restore takes a recovery code or a private link and joins the conversation.
  // It rejects with Refusal "bad_code" or "other_brand".
  restore(codeOrLink: string): Promise<void>;
  devices(): readonly Device[];
  removeDevice(key: string): Promise<void>;
  // read says that what is here has been seen.
  read(): Promise<void>;
  fileURL(f: FileRef): Promise<string>;
  close(): void;
}

export interface Options {
  readonly brand: string;
  // Whether the brand is the gateway's own.
  readonly direct: boolean;
  // The gateway's own brand.
  readonly home: string;
  // Where the brand's pages begin: "" or "/@handle".
  readonly base: string;
}

export interface Shop {
  readonly brand: string;
  readonly base: string;
  readonly unread: number;
  readonly last?: Item;
}

// Refusal is a clear no: of the brand, or of this engine before anything was sent.
export class Refusal extends Error {
  constructor(readonly reason: string, readonly item?: Item) {
    super(reason);
    this.name = "Refusal";
  }
}

// Pending says that there is no answer yet. What was sent stays in the outbox and goes
// on by itself.
export class Pending extends Error {
  constructor(readonly state: Delivery, readonly item?: Item) {
    super(state);
    this.name = "Pending";
  }
}
