// Reads the few fields of profile.proto that a goroutine profile needs.

package profile

import (
	"errors"
	"slices"
	"strings"
)

// ErrMalformed says that the bytes are no profile.proto.
var ErrMalformed = errors.New("malformed goroutine profile")

// Field numbers of profile.proto.
const (
	profileSample   = 2
	profileLocation = 4
	profileFunction = 5
	profileStrings  = 6

	sampleLocations = 1
	sampleValues    = 2
	sampleLabel     = 3

	labelKey = 1
	labelStr = 2

	locationID   = 1
	locationLine = 4

	lineFunction = 1
	lineNumber   = 2

	functionID   = 1
	functionName = 2
	functionFile = 4
)

// label as it stands in the profile: indexes into the table of strings, which comes last.
type rawLabel struct{ key, value int64 }

func decode(raw []byte) (*Profile, error) {
	p := &Profile{locations: map[uint64][]line{}, functions: map[uint64]function{}}
	var labels [][]rawLabel
	err := fields(raw, func(number int, _ uint64, body []byte) error {
		var err error
		switch number {
		case profileSample:
			var s Sample
			var own []rawLabel
			if s, own, err = decodeSample(body); err == nil {
				p.Samples, labels = append(p.Samples, s), append(labels, own)
			}
		case profileLocation:
			err = p.decodeLocation(body)
		case profileFunction:
			err = p.decodeFunction(body)
		case profileStrings:
			p.strings = append(p.strings, string(body))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, own := range labels {
		for _, l := range own {
			if key := p.text(l.key); key != "" && l.value != 0 {
				p.Samples[i].Labels = append(p.Samples[i].Labels, Label{Key: key, Value: p.text(l.value)})
			}
		}
		slices.SortStableFunc(p.Samples[i].Labels, func(a, b Label) int { return strings.Compare(a.Key, b.Key) })
	}
	return p, nil
}

func decodeSample(raw []byte) (s Sample, labels []rawLabel, err error) {
	values := 0
	err = fields(raw, func(number int, v uint64, body []byte) error {
		switch number {
		case sampleLocations:
			return numbers(v, body, func(id uint64) { s.stack = append(s.stack, id) })
		case sampleValues:
			return numbers(v, body, func(n uint64) {
				if values++; values == 1 {
					s.Count = max(0, int64(n))
				}
			})
		case sampleLabel:
			var l rawLabel
			err := fields(body, func(number int, v uint64, _ []byte) error {
				switch number {
				case labelKey:
					l.key = int64(v)
				case labelStr:
					l.value = int64(v)
				}
				return nil
			})
			labels = append(labels, l)
			return err
		}
		return nil
	})
	return s, labels, err
}

func (p *Profile) decodeLocation(raw []byte) error {
	var id uint64
	var lines []line
	err := fields(raw, func(number int, v uint64, body []byte) error {
		switch number {
		case locationID:
			id = v
		case locationLine:
			var l line
			err := fields(body, func(number int, v uint64, _ []byte) error {
				switch number {
				case lineFunction:
					l.function = v
				case lineNumber:
					l.number = int64(v)
				}
				return nil
			})
			lines = append(lines, l)
			return err
		}
		return nil
	})
	p.locations[id] = lines
	return err
}

func (p *Profile) decodeFunction(raw []byte) error {
	var id uint64
	var f function
	err := fields(raw, func(number int, v uint64, _ []byte) error {
		switch number {
		case functionID:
			id = v
		case functionName:
			f.name = int64(v)
		case functionFile:
			f.file = int64(v)
		}
		return nil
	})
	p.functions[id] = f
	return err
}

// fields calls f for each field of a message: with the value of a number, or with the bytes of anything longer.
func fields(raw []byte, f func(number int, v uint64, body []byte) error) error {
	for len(raw) > 0 {
		tag, n := varint(raw)
		if n == 0 || tag>>3 == 0 || tag>>3 >= 1<<29 {
			return ErrMalformed
		}
		raw = raw[n:]
		var v uint64
		var body []byte
		switch tag & 7 {
		case 0:
			if v, n = varint(raw); n == 0 {
				return ErrMalformed
			}
		case 1:
			n = 8
		case 2:
			size, head := varint(raw)
			if head == 0 || size > uint64(len(raw)-head) {
				return ErrMalformed
			}
			n = head + int(size)
			body = raw[head:n:n]
			if body == nil {
				body = []byte{}
			}
		case 5:
			n = 4
		default:
			return ErrMalformed
		}
		if n > len(raw) {
			return ErrMalformed
		}
		if err := f(int(tag>>3), v, body); err != nil {
			return err
		}
		raw = raw[n:]
	}
	return nil
}

// numbers calls f for one number, or for each number of a packed list.
func numbers(v uint64, packed []byte, f func(uint64)) error {
	if packed == nil {
		f(v)
		return nil
	}
	for len(packed) > 0 {
		v, n := varint(packed)
		if n == 0 {
			return ErrMalformed
		}
		f(v)
		packed = packed[n:]
	}
	return nil
}

// varint reads one number; its length is 0 when it does not end or is longer than 64 bits.
func varint(raw []byte) (v uint64, n int) {
	for n < len(raw) && n < 10 {
		b := raw[n]
		if n == 9 && b > 1 {
			return 0, 0
		}
		v |= uint64(b&0x7f) << (7 * n)
		n++
		if b < 0x80 {
			return v, n
		}
	}
	return 0, 0
}
