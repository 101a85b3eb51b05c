// Command answers asks go vet and staticcheck about the cases in peers/ and writes peers/answers.json. Run it in the folder above
// with `go run ./answers` when a case has changed; the marks in the cases are then compared with it by `go test .`.
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"os"
	"runtime"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/answers"
)

func main() {
	vet, err := answers.Vet()
	if err != nil {
		log.Fatal(err)
	}
	static, err := answers.Static()
	if err != nil {
		log.Fatal(err)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", " ")
	encoder.SetEscapeHTML(false)
	record := answers.Record{Go: runtime.Version(), Staticcheck: answers.Staticcheck, Answers: answers.All(vet, static)}
	if err := encoder.Encode(record); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("peers/answers.json", text.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
	log.Printf("%d answers: %d of go vet, %d of staticcheck", len(record.Answers), len(vet), len(static))
}
