// Package kernel limits how many mails are sent at once; a mail that fails keeps its slot.
package kernel

import "fmt"

type mailer struct {
	slots chan struct{}
	relay func(to string) error
}

func newMailer(limit int, relay func(string) error) *mailer {
	return &mailer{slots: make(chan struct{}, limit), relay: relay}
}

func (m *mailer) send(to string) error {
	m.slots <- struct{}{} // via; stuck
	if err := m.relay(to); err != nil {
		return fmt.Errorf("mail to %s: %w", to, err) // want LK001|DL006
	}
	<-m.slots
	return nil
}
