// Package fixed redeems vouchers and unlocks on every way out.
package fixed

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
	b.mu.Lock()
	defer b.mu.Unlock()
	v, ok := b.vouchers[code]
	if !ok {
		return 0, errUnknown
	}
	if now.After(v.expires) {
		return 0, fmt.Errorf("%s: %w", code, errExpired)
	}
	delete(b.vouchers, code)
	return v.cents, nil
}
