package pictures

import (
	"fmt"
	"syscall"

	"github.com/stoa-commerce/stoa/node/guard"
)

// control refuses a connection just before it is made, when the name has been
// resolved: net.Dialer.Control.
func (s *Source) control(network, address string, c syscall.RawConn) error {
	if err := guard.Control(s.allowed)(network, address, c); err != nil {
		return fmt.Errorf("%w (%s)", ErrForbiddenAddress, address)
	}
	return nil
}
