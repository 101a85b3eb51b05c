// Steady works without rest and checks its own work, so that it can tell whether somebody disturbs it.
package main

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

var (
	rounds   [16]atomic.Int64
	checks   atomic.Int64
	wrong    atomic.Int64
	children atomic.Int64
	hello    atomic.Int64
	gap      atomic.Int64
)

func main() {
	signals := make(chan os.Signal, 1024)
	signal.Notify(signals, syscall.SIGCHLD)
	go func() {
		for range signals {
			children.Add(1)
		}
	}()
	users := make(chan os.Signal, 1024)
	signal.Notify(users, syscall.SIGUSR1)
	go func() {
		for range users {
			hello.Add(1)
		}
	}()
	for i := 0; i < 4; i++ {
		go check("sleep", sleeps)
		go check("channels", channels)
	}
	go check("checksum", checksums())
	go check("pipe", pipes())
	go check("raw pipe", rawPipes())
	go check("sockets", sockets())
	go tick()
	switch {
	case len(os.Args) < 2:
	case os.Args[1] == "-exec":
		go check("exec", execs)
	case os.Args[1] == "-filter":
		filter()
	}
	fmt.Println("ready", runtime.Version())
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		word, path, _ := strings.Cut(input.Text(), " ")
		if word == "report" {
			text := fmt.Sprintf("%d %d %d %d %d", fewest(), wrong.Load(), children.Load(), hello.Load(), gap.Swap(0))
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				panic(err)
			}
		}
		fmt.Println("done", word)
	}
}

// check does a kind of work again and again and counts its rounds.
func check(name string, work func() error) {
	own := &rounds[checks.Add(1)-1]
	for {
		if err := work(); err != nil {
			fmt.Fprintln(os.Stderr, name, err)
			wrong.Add(1)
		}
		own.Add(1)
	}
}

// fewest says how often the work that lags most was done.
func fewest() int64 {
	least := rounds[0].Load()
	for i := int64(0); i < checks.Load(); i++ {
		least = min(least, rounds[i].Load())
	}
	return least
}

// tick keeps the longest time that passed between two ticks, in microseconds.
func tick() {
	last := time.Now()
	for range time.Tick(time.Millisecond) {
		now := time.Now()
		gap.Store(max(gap.Load(), now.Sub(last).Microseconds()))
		last = now
	}
}

func sleeps() error {
	const pause = 3 * time.Millisecond
	began := time.Now()
	time.Sleep(pause)
	if slept := time.Since(began); slept < pause {
		return fmt.Errorf("slept %v", slept)
	}
	return nil
}

func channels() error {
	c, sum := make(chan int, 3), 0
	go func() {
		defer close(c)
		for i := 0; i < 1000; i++ {
			c <- i
		}
	}()
	for i := range c {
		sum += i
	}
	if sum != 499500 {
		return fmt.Errorf("sum %d", sum)
	}
	return nil
}

// checksums computes without a system call or a wait: whatever it has in registers when it is stopped must be there afterwards.
func checksums() func() error {
	block := make([]byte, 256<<10)
	for i := range block {
		block[i] = byte(i * i)
	}
	sum := func() (uint32, float64) {
		crc, root := crc32.ChecksumIEEE(block), 0.0
		for _, value := range block {
			root = math.Sqrt(root + float64(value))
		}
		return crc, root
	}
	crc, root := sum()
	return func() error {
		time.Sleep(time.Millisecond)
		if again, rooted := sum(); again != crc || rooted != root {
			return fmt.Errorf("checksum %x and root %v for %x and %v", again, rooted, crc, root)
		}
		return nil
	}
}

func pipes() func() error {
	reader, writer, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	return func() error { return echo(reader, writer) }
}

// rawPipes reads in a system call that blocks its thread.
func rawPipes() func() error {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	return func() error {
		go func() {
			time.Sleep(time.Millisecond)
			if _, err := syscall.Write(ends[1], []byte("x")); err != nil {
				panic(err)
			}
		}()
		into := make([]byte, 1)
		for {
			n, err := syscall.Read(ends[0], into)
			if err == syscall.EINTR {
				continue
			}
			if n != 1 || into[0] != 'x' {
				return fmt.Errorf("read %d %v", n, err)
			}
			return nil
		}
	}
}

func sockets() func() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	server, err := listener.Accept()
	if err != nil {
		panic(err)
	}
	return func() error { return echo(server, client) }
}

func echo(reader io.Reader, writer io.Writer) error {
	sent := []byte(time.Now().String())
	go func() {
		time.Sleep(time.Millisecond)
		if _, err := writer.Write(sent); err != nil {
			panic(err)
		}
	}()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(reader, got); err != nil {
		return err
	}
	if string(got) != string(sent) {
		return fmt.Errorf("%q for %q", got, sent)
	}
	return nil
}

// filter puts a filter of system calls that lets all pass on one thread.
func filter() {
	const setNoNewPrivileges, setSeccomp, modeFilter, returnAllow = 38, 22, 2, 0x06 | 0x7fff0000<<32
	program := []uint64{returnAllow}
	filter := struct {
		length uint16
		first  *uint64
	}{1, &program[0]}
	runtime.LockOSThread()
	for _, call := range [][3]uintptr{
		{setNoNewPrivileges, 1, 0},
		{setSeccomp, modeFilter, uintptr(unsafe.Pointer(&filter))},
	} {
		if _, _, err := syscall.RawSyscall6(syscall.SYS_PRCTL, call[0], call[1], call[2], 0, 0, 0); err != 0 {
			panic(err)
		}
	}
}

func execs() error {
	out, err := exec.Command("/bin/echo", "hello").CombinedOutput()
	if err != nil || string(out) != "hello\n" {
		return fmt.Errorf("%q %v", out, err)
	}
	return nil
}
