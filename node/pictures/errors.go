package pictures

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
)

// Errors that are final: trying again cannot help. Any other is temporary.
var (
	// ErrForbiddenAddress means that the URL leads to an address that isn't on the
	// public internet, or to a port other than the web's.
	ErrForbiddenAddress = errors.New("the address leads into a private network")
	// ErrRefused means that the URL is none that is fetched, or that its server
	// answered that there is no such picture for us.
	ErrRefused = errors.New("refused")
	// ErrTooLong means that there are more bytes than are taken.
	ErrTooLong = errors.New("the picture is too large")
)

// Temporary reports whether the same URL may give a picture later.
func Temporary(err error) bool {
	return err != nil && !errors.Is(err, ErrForbiddenAddress) && !errors.Is(err, ErrRefused) && !errors.Is(err, ErrTooLong)
}

func refused(why string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(why, args...), ErrRefused)
}

// answer is what a status other than 200 means.
func answer(code int) error {
	status := fmt.Sprintf("the server answered %d %s", code, http.StatusText(code))
	switch {
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests:
		return errors.New(status)
	}
	return refused("%s", status)
}

func tooLong(most int64) error {
	if most >= 1<<20 {
		return fmt.Errorf("%w: it has more than %d MiB", ErrTooLong, most>>20)
	}
	return fmt.Errorf("%w: it has more than %d bytes", ErrTooLong, most)
}

// inWords says what went wrong on the way to a server so that the shop's owner
// understands it; the cause stays behind it for the log.
func inWords(err error, host string) error {
	var dns *net.DNSError
	switch {
	case errors.Is(err, ErrForbiddenAddress), errors.Is(err, ErrRefused), errors.Is(err, ErrTooLong):
		return err
	case errors.As(err, &dns):
		return &unreachable{fmt.Sprintf("no server named %s is found", host), err}
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		return &unreachable{fmt.Sprintf("%s takes too long to answer", host), err}
	}
	return &unreachable{fmt.Sprintf("%s can't be reached", host), err}
}

// unreachable is a failure of the network in words.
type unreachable struct {
	words string
	cause error
}

func (u *unreachable) Error() string { return u.words }

func (u *unreachable) Unwrap() error { return u.cause }
