package control

import "context"

// Inbox lists conversations.
func (c *Client) Inbox(ctx context.Context, q InboxQuery) ([]Conversation, error) {
	return call[[]Conversation](ctx, c, "inbox", q)
}

// Read returns messages of a conversation, and marks it read unless asked not to.
func (c *Client) Read(ctx context.Context, q ReadQuery) ([]Message, error) {
	return call[[]Message](ctx, c, "read", q)
}

// Say commits what the brand says.
func (c *Client) Say(ctx context.Context, q SayQuery) (Said, error) {
	return call[Said](ctx, c, "say", q)
}

// Erase forgets a conversation.
func (c *Client) Erase(ctx context.Context, thread string) error {
	_, err := call[None](ctx, c, "erase", EraseQuery{thread})
	return err
}

// Orders lists orders.
func (c *Client) Orders(ctx context.Context, q OrdersQuery) ([]Order, error) {
	return call[[]Order](ctx, c, "orders", q)
}

// Order looks at an order, or does something to it.
func (c *Client) Order(ctx context.Context, q OrderQuery) (Order, error) {
	return call[Order](ctx, c, "order", q)
}

// Stock returns the stock of a variant, changed if the query says so.
func (c *Client) Stock(ctx context.Context, q StockQuery) (Stock, error) {
	return call[Stock](ctx, c, "stock", q)
}

// Stocks lists the stock that is tracked.
func (c *Client) Stocks(ctx context.Context, q StocksQuery) ([]Stock, error) {
	return call[[]Stock](ctx, c, "stocks", q)
}
