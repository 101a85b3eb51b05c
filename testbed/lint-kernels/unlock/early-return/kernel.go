// Package kernel redeems vouchers; one that has expired leaves the book locked.
package kernel

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

var (
	errUnknown = errors.New("no such voucher")
	errExpired = errors.New("voucher has expired")
)

type voucher struct {
	cents   int
	expires time.Time
}

type book struct {
	mu       sync.Mutex
	vouchers map[string]voucher
}

func (b *book) redeem(code string, now time.Time) (int, error) {
	b.mu.Lock() // via; stuck
	v, ok := b.vouchers[code]
	if !ok {
		b.mu.Unlock()
		return 0, errUnknown
	}
	if now.After(v.expires) {
		return 0, fmt.Errorf("%s: %w", code, errExpired) // want DL006
	}
	delete(b.vouchers, code)
	b.mu.Unlock()
	return v.cents, nil
}
