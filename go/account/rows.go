// The counters of a table's label sets as JSON.

package account

import (
	"cmp"
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"

	"github.com/goherd/goherd/go/labels"
)

// row is a set with the JSON of its names, which is made once.
type row struct {
	set          *labels.Set
	task         bool
	outer, inner string
	names        []byte
}

// appendRows writes the endpoints and the tasks, each in order of their names.
func (a *Account) appendRows(b []byte) []byte {
	rows := a.sorted()
	task := false
	b = append(b, `,"endpoints":[`...)
	for i, r := range rows {
		if r.task && !task {
			task = true
			b = append(b, `],"tasks":[`...)
		} else if i > 0 {
			b = append(b, ',')
		}
		b = append(b, r.names...)
		b = appendCounts(b, r.set.Counts(), r.task)
	}
	if !task {
		b = append(b, `],"tasks":[`...)
	}
	return append(b, ']')
}

func appendCounts(b []byte, c labels.Counts, task bool) []byte {
	b = append(b, `,"live":`...)
	b = strconv.AppendInt(b, c.Live(), 10)
	b = append(b, `,"started":`...)
	b = strconv.AppendInt(b, c.Started, 10)
	b = append(b, `,"ended":`...)
	b = strconv.AppendInt(b, c.Ended, 10)
	b = append(b, `,"cancelled":`...)
	b = strconv.AppendInt(b, c.Cancelled, 10)
	if task {
		b = append(b, `,"failed":`...)
		b = strconv.AppendInt(b, c.Failed, 10)
	}
	b = append(b, `,"panicked":`...)
	b = strconv.AppendInt(b, c.Panicked, 10)
	return append(b, '}')
}

// sorted is the sets of the table, endpoints first. A table never loses a set, so that its length tells when to
// look anew.
func (a *Account) sorted() []row {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.rows) == a.table.Len() {
		return a.rows
	}
	rows := make([]row, 0, a.table.Len())
	a.table.Each(func(s *labels.Set) { rows = append(rows, newRow(s)) })
	slices.SortFunc(rows, func(x, y row) int {
		switch {
		case x.task != y.task && y.task:
			return -1
		case x.task != y.task:
			return 1
		}
		return cmp.Or(cmp.Compare(x.outer, y.outer), cmp.Compare(x.inner, y.inner))
	})
	a.rows = rows
	return rows
}

func newRow(s *labels.Set) row {
	r := row{set: s}
	keys := [2]string{labels.Service, labels.Endpoint}
	var ok bool
	if r.outer, r.inner, ok = s.Endpoint(); !ok {
		r.outer, r.inner, r.task = s.Task()
		keys = [2]string{labels.Runner, labels.Task}
	}
	r.names = append(r.names, `{"`+keys[0]+`":`...)
	r.names = appendString(r.names, r.outer)
	r.names = append(r.names, `,"`+keys[1]+`":`...)
	r.names = appendString(r.names, r.inner)
	return r
}

func appendString(b []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		return append(b, '"', '"')
	}
	return append(b, text...)
}

// head is the beginning of every answer.
func head() []byte {
	type build struct {
		Path     string `json:"path,omitempty"`
		Version  string `json:"version,omitempty"`
		Revision string `json:"revision,omitempty"`
		Time     string `json:"time,omitempty"`
		Modified bool   `json:"modified,omitempty"`
	}
	var of build
	if info, ok := debug.ReadBuildInfo(); ok {
		of.Path, of.Version = info.Main.Path, info.Main.Version
		if info.Path != "" {
			of.Path = info.Path
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				of.Revision = s.Value
			case "vcs.time":
				of.Time = s.Value
			case "vcs.modified":
				of.Modified = s.Value == "true"
			}
		}
	}
	text, err := json.Marshal(of)
	if err != nil {
		text = []byte("{}")
	}
	b := append([]byte(`{"schema":`), `"`+Schema+`"`...)
	b = append(b, `,"pid":`...)
	b = strconv.AppendInt(b, int64(os.Getpid()), 10)
	b = append(b, `,"go_version":`...)
	b = appendString(b, runtime.Version())
	b = append(b, `,"build":`...)
	return append(b, text...)
}
