package locks

import "sync"

type mailbox struct {
	mu      sync.Mutex
	more    *sync.Cond
	mails   []string
	closed  bool
	notices chan struct{}
	once    sync.Once
	rest    sync.Once
}

func newMailbox() *mailbox {
	m := &mailbox{notices: make(chan struct{}, 1)}
	m.more = sync.NewCond(&m.mu)
	return m
}

// take waits with the lock of its condition, which the wait releases.
func (m *mailbox) take() (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.mails) == 0 && !m.closed {
		m.more.Wait()
	}
	if len(m.mails) == 0 {
		return "", false
	}
	mail := m.mails[0]
	m.mails = m.mails[1:]
	return mail, true
}

// put wakes one, which is enough: there is one more mail.
func (m *mailbox) put(mail string) {
	m.mu.Lock()
	m.mails = append(m.mails, mail)
	m.mu.Unlock()
	m.more.Signal()
}

func (m *mailbox) close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.more.Broadcast()
}

// notify sends under the lock and never waits: a notice that is already there says the same.
func (m *mailbox) notify(mail string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, mail)
	select {
	case m.notices <- struct{}{}:
	default:
	}
}

// snapshot sends under the lock into a channel that was made with room for all.
func (m *mailbox) snapshot() <-chan string {
	m.mu.Lock()
	defer m.mu.Unlock()
	mails := make(chan string, len(m.mails))
	for _, mail := range m.mails {
		mails <- mail
	}
	close(mails)
	return mails
}

// open runs one once inside another.
func (m *mailbox) open(log func(string)) {
	m.once.Do(func() {
		m.rest.Do(func() { log("opening") })
		log("open")
	})
}
