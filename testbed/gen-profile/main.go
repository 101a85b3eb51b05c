// Command gen-profile writes CPU profiles of programs that do not exist, as big as is asked for: a call tree drawn from a seed, in
// profile.proto, gzipped.
//
//	gen-profile -size mid -out FILE       20,000 stacks
//	gen-profile -size big -out FILE       500,000 stacks, 180,000 locations, 30,000 functions
//	gen-profile -size merge -out DIR      200 profiles that share 4,800 stacks
//
// The same seed makes the same bytes.
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"path/filepath"
)

// size is what a profile holds.
type size struct{ stacks, locations, functions, files int }

var sizes = map[string]size{
	"mid":   {stacks: 20_000, locations: 12_000, functions: 4_000, files: 1},
	"big":   {stacks: 500_000, locations: 180_000, functions: 30_000, files: 1},
	"merge": {stacks: 4_800, locations: 20_000, functions: 6_000, files: 200},
}

func main() {
	name := flag.String("size", "mid", "mid, big or merge")
	seed := flag.Int64("seed", 7, "seed")
	out := flag.String("out", "", "file to write; for merge a folder")
	flag.Parse()
	size, known := sizes[*name]
	if !known || *out == "" {
		flag.Usage()
		os.Exit(2)
	}
	program := draw(rand.New(rand.NewSource(*seed)), size)
	if size.files == 1 {
		write(*out, program, rand.New(rand.NewSource(*seed+1)))
		return
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		log.Fatal(err)
	}
	for i := 0; i < size.files; i++ {
		values := rand.New(rand.NewSource(*seed + 1 + int64(i)))
		write(filepath.Join(*out, fmt.Sprintf("%03d.pb.gz", i)), program, values)
	}
}

// program is what every profile of it shares.
type program struct {
	size   size
	lines  [][]int // functions of each location, innermost first
	stacks [][]int // locations of each stack, innermost first
}

// draw makes a call tree. A location calls a few others, the same wherever it stands; one in eight has a call inlined.
func draw(random *rand.Rand, size size) program {
	made := program{size: size}
	for location := 0; location < size.locations; location++ {
		lines := []int{location % size.functions}
		if random.Intn(8) == 0 {
			lines = append(lines, random.Intn(size.functions))
		}
		made.lines = append(made.lines, lines)
	}
	const fan = 6
	callees := make([][fan]int, size.locations)
	for location := range callees {
		for i := range callees[location] {
			// Later locations are called from earlier ones, a few of them from everywhere.
			next := location + 1 + random.Intn(size.locations/20)
			if next >= size.locations || random.Intn(40) == 0 {
				next = random.Intn(size.locations)
			}
			callees[location][i] = next
		}
	}
	seen := map[string]bool{}
	for len(made.stacks) < size.stacks {
		stack := make([]int, 12+random.Intn(21))
		at, i := random.Intn(16), len(stack)-1
		// Most stacks branch off from one seen shortly before.
		if n := len(made.stacks); n > 0 && random.Intn(10) > 0 {
			near := made.stacks[n-1-random.Intn(min(n, 200))]
			shared := min(len(near), len(stack)) * (4 + random.Intn(5)) / 10
			copy(stack[len(stack)-shared:], near[len(near)-shared:])
			i = len(stack) - 1 - shared
			at = callees[stack[i+1]][random.Intn(fan)]
		}
		for ; i >= 0; i-- {
			stack[i] = at
			at = callees[at][random.Intn(fan)]
		}
		key := make([]byte, 0, 3*len(stack))
		for _, location := range stack {
			key = append(key, byte(location), byte(location>>8), byte(location>>16))
		}
		if !seen[string(key)] {
			seen[string(key)] = true
			made.stacks = append(made.stacks, stack)
		}
	}
	return made
}

const period = 10_000_000

func write(file string, program program, values *rand.Rand) {
	target, err := os.Create(file)
	if err != nil {
		log.Fatal(err)
	}
	packed := gzip.NewWriter(target)
	if _, err := packed.Write(encode(program, values)); err != nil {
		log.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		log.Fatal(err)
	}
	if err := target.Close(); err != nil {
		log.Fatal(err)
	}
}

// The fields are those of google/pprof's proto/profile.proto.
func encode(program program, values *rand.Rand) []byte {
	strings := []string{"", "samples", "count", "cpu", "nanoseconds", "/srv/synthetic"}
	var out bytes.Buffer
	message(&out, 1, numbers(1, 1, 2, 2))
	message(&out, 1, numbers(1, 3, 2, 4))
	for _, stack := range program.stacks {
		count := uint64(1 + values.Intn(3))
		if values.Intn(20) == 0 {
			count += uint64(values.Intn(200))
		}
		ids := make([]byte, 0, 3*len(stack))
		for _, location := range stack {
			ids = varint(ids, uint64(location+1))
		}
		var sample bytes.Buffer
		message(&sample, 1, ids)
		message(&sample, 2, varint(varint(nil, count), count*period))
		message(&out, 2, sample.Bytes())
	}
	message(&out, 3, numbers(1, 1, 2, 0x400000, 3, 0x4000000, 5, 5, 7, 1))
	for location, lines := range program.lines {
		var body bytes.Buffer
		body.Write(numbers(1, uint64(location+1), 2, 1, 3, 0x400000+uint64(location)*16))
		for i, function := range lines {
			message(&body, 4, numbers(1, uint64(function+1), 2, uint64(10+location/program.size.functions*7+i)))
		}
		message(&out, 4, body.Bytes())
	}
	for function := 0; function < program.size.functions; function++ {
		strings = append(strings, fmt.Sprintf("example.com/service/internal/part%d.(*Worker%d).Handle%d", function%97, function%13, function))
		name := uint64(len(strings) - 1)
		file := uint64(0)
		if function%5 == 0 {
			strings = append(strings, fmt.Sprintf("/src/service/internal/part%d/worker%d.go", function%97, function))
			file = uint64(len(strings) - 1)
		}
		message(&out, 5, numbers(1, uint64(function+1), 2, name, 3, name, 4, file, 5, 10))
	}
	for _, text := range strings {
		message(&out, 6, []byte(text))
	}
	out.Write(numbers(9, 1_764_000_000_000_000_000, 10, 30_000_000_000))
	message(&out, 11, numbers(1, 3, 2, 4))
	out.Write(numbers(12, period))
	return out.Bytes()
}

// numbers encodes pairs of field and value; a zero is not written.
func numbers(pairs ...uint64) []byte {
	var out []byte
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != 0 {
			out = varint(varint(out, pairs[i]<<3), pairs[i+1])
		}
	}
	return out
}

func message(out *bytes.Buffer, field uint64, body []byte) {
	out.Write(varint(varint(nil, field<<3|2), uint64(len(body))))
	out.Write(body)
}

func varint(out []byte, value uint64) []byte {
	for ; value >= 0x80; value >>= 7 {
		out = append(out, byte(value)|0x80)
	}
	return append(out, byte(value))
}
