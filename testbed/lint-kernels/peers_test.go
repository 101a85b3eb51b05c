package lintkernels

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/answers"
)

// TestPeersAsMarked checks that the cases say of themselves what the peers were recorded to say, neither more nor less.
func TestPeersAsMarked(t *testing.T) {
	record, err := answers.Read("peers/answers.json")
	if err != nil {
		t.Fatal(err)
	}
	marked, err := answers.Marked("peers")
	if err != nil {
		t.Fatal(err)
	}
	says := func(mark, answer answers.Answer) bool {
		return mark.Check == answer.Check && mark.File == answer.File && mark.Line == answer.Line && strings.HasPrefix(answer.Message, mark.Message)
	}
	for _, answer := range record.Answers {
		if !slices.ContainsFunc(marked, func(mark answers.Answer) bool { return says(mark, answer) }) {
			t.Errorf("%s:%d: not marked: %s %q", answer.File, answer.Line, answer.Check, answer.Message)
		}
	}
	for _, mark := range marked {
		if !slices.ContainsFunc(record.Answers, func(answer answers.Answer) bool { return says(mark, answer) }) {
			t.Errorf("%s:%d: marked and not reported: %s %q", mark.File, mark.Line, mark.Check, mark.Message)
		}
	}
	counts := map[string]int{}
	for _, answer := range record.Answers {
		counts[answer.Check]++
	}
	t.Logf("%d answers: %v", len(record.Answers), counts)
}

// TestPeersAsRecorded asks the installed go vet again. Other versions of Go may say it in other words, and may find more.
func TestPeersAsRecorded(t *testing.T) {
	record, err := answers.Read("peers/answers.json")
	if err != nil {
		t.Fatal(err)
	}
	vet, err := answers.Vet()
	if err != nil {
		t.Fatal(err)
	}
	same := runtime.Version() == record.Go
	place := func(a answers.Answer) string {
		if same {
			return fmt.Sprintf("%s:%d:%d: %s: %s", a.File, a.Line, a.Column, a.Check, a.Message)
		}
		return fmt.Sprintf("%s:%d: %s", a.File, a.Line, a.Check)
	}
	var now []string
	for _, answer := range vet {
		now = append(now, place(answer))
	}
	for _, answer := range record.Answers {
		if answers.OfVet(answer) && !slices.Contains(now, place(answer)) {
			t.Errorf("recorded with %s, not reported by %s: %s", record.Go, runtime.Version(), place(answer))
		}
	}
	if recorded := len(slices.DeleteFunc(slices.Clone(record.Answers), func(a answers.Answer) bool { return !answers.OfVet(a) })); same && len(now) != recorded {
		t.Errorf("%d reports, %d recorded", len(now), recorded)
	}
}
