# Counts. $n chooses the plural, $count is the printed figure.
goroutines = { $n ->
    [one] { $count } goroutine
   *[other] { $count } goroutines
  }
findings = { $n ->
    [one] { $count } finding
   *[other] { $count } findings
  }
candidates = { $n ->
    [one] { $count } candidate
   *[other] { $count } candidates
  }
snapshots = { $n ->
    [one] { $count } snapshot
   *[other] { $count } snapshots
  }
families = { $n ->
    [one] { $count } family
   *[other] { $count } families
  }
clusters = { $n ->
    [one] { $count } cluster
   *[other] { $count } clusters
  }
frames = { $n ->
    [one] { $count } frame
   *[other] { $count } frames
  }

# Verdicts.
verdict-healthy = healthy: { $goroutines } looked at, nothing is stuck
verdict-healthy-suppressed = healthy but for what is suppressed: { $goroutines } looked at, { $findings } left out
verdict-findings = { $findings }: { $stuck } of { $goroutines } concerned, worst is { $severity }
verdict-undecidable-candidates = undecidable: { $candidates } could be stuck, and these witnesses cannot tell
verdict-undecidable = undecidable: these witnesses show nothing that could be judged
verdict-inconclusive = inconclusive: there was not enough to decide
verdict-crash = the process died: { $reason }
verdict-over = { $verdict } ({ $over })
verdict-truncated = the input does not hold every goroutine: { $why }

# Words.
critical = critical
warning = warning
info = info
proven = proven
confirmed = confirmed
suspected = suspected
candidate = candidate { $rank }
at-unknown = unknown

# Targets.
target-file = file
target-stdin = standard input
target-url = endpoint
target-recording = recording
target-process = process
target-core = core file
target-looked = looked for { $time }
target-series = { $snapshots } over { $time }

# Rows of a finding.
row-waits-on = they wait on
row-at = at
row-started-by = started by
row-evidence = evidence
row-why = why
row-fix = fix
row-next = next
row-decide = decide by
row-also = also fits
row-note = note
explain-hint = goherd explain { $id }
more-evidence = { $count } more (-v)
candidates-heading = could be stuck; another witness must decide
more-candidates = { $candidates } not shown (-v)

# Wait graph.
graph-none = no wait graph in this answer
graph-title = { $goroutines } wait on { $objects }
graph-objects = { $n ->
    [one] { $count } object
   *[other] { $count } objects
  }
graph-unnamed = besides, { $goroutines } in waits whose object this witness does not name
graph-waits = { $n ->
    [one] { $count } wait
   *[other] { $count } waits
  }
graph-more = not shown: { $objects } with { $waits }; --verbose shows what fits a picture of 60 nodes
graph-groups-more = and { $goroutines } at other places
graph-what-channel = { $n ->
    [one] channel
   *[other] { $count } channels
  }
graph-what-timer-channel = { $n ->
    [one] timer's channel
   *[other] { $count } timers' channels
  }
graph-what-mutex = { $n ->
    [one] Mutex
   *[other] { $count } Mutexes
  }
graph-what-rw-mutex = { $n ->
    [one] RWMutex
   *[other] { $count } RWMutexes
  }
graph-what-wait-group = { $n ->
    [one] WaitGroup
   *[other] { $count } WaitGroups
  }
graph-what-cond = { $n ->
    [one] Cond
   *[other] { $count } Conds
  }
graph-what-semaphore = { $n ->
    [one] semaphore
   *[other] { $count } semaphores
  }
graph-what-descriptor = { $n ->
    [one] descriptor
   *[other] { $count } descriptors
  }
graph-what-sleep = { $n ->
    [one] sleep
   *[other] { $count } sleeps
  }
graph-what-nil-channel = nil channel
graph-what-nothing = select without cases
graph-side-send = send
graph-side-receive = receive
graph-side-lock = lock
graph-side-read-lock = read-lock
graph-side-read = read
graph-side-write = write
graph-side-wake = wait
graph-side-either = send or receive
graph-wait = { $count } { $side } at { $at } [{ $state }]
graph-wait-started = { $wait }, started by { $by }
graph-unbuffered = unbuffered
graph-buffer = buffer { $n } of { $m }
graph-closed = closed
graph-queues = { $senders } sending, { $receivers } receiving
graph-locked = locked
graph-unlocked = not locked
graph-starving = starving
graph-readers = { $n } readers
graph-readers-left = its writer waits for { $n } of them
graph-counter = counter { $n }
graph-fd = fd { $n }
graph-fires = fires in { $time }
graph-due = due
graph-for-ever = nobody can end this wait
graph-holder = may be held by goroutine { $id } [{ $state }] at { $at }: { $reason }
graph-server = may be served by goroutine { $id } [{ $state }] at { $at }: { $reason }
graph-holders-more = or by { $goroutines } not listed
graph-reason-address-and-function = its stack holds the address and shows a function that others take this lock in
graph-reason-address = its stack holds the address
graph-reason-function = its stack shows a function that others take this lock in
graph-cycle = possible deadlock: { $goroutines } seem to wait on each other
graph-cycle-alike = { $cycle } (and { $n } more such rings)
graph-step = goroutine { $id } at { $at } waits to { $side }: { $what }, which is on the stack of goroutine { $next }
graph-only-candidate = only a candidate: { $doubts }
graph-doubt-holder = a lock does not record who holds it
graph-doubt-others = other goroutines' stacks hold the lock's address, too
graph-doubt-heap = someone else may reach it through the heap or a global variable, which were not searched
graph-and = { $one }; { $two }
graph-column-object = OBJECT
graph-doubt-instant = the process ran while it was read
graph-cycle-proven = deadlock: { $goroutines } wait on each other, and nothing that can run reaches them
graph-cycle-reachable = { $goroutines } seem to wait on each other and may still be woken
graph-doubt-reachable = something that is not proven to be stuck reaches what one of them waits on
graph-wait-leaked = { $wait }; { $leaked }
graph-leaked = leaked: nothing can wake them
graph-leaked-of = { $n } of { $m } leaked: nothing can wake them

# Snapshot and flame.
snapshot-title = { $goroutines } in { $families }, { $clusters }
snapshot-measures = mean depth { $depth } · module entropy { $entropy } bits · { $stacks } distinct stacks
column-count = COUNT
column-rate = PER S
column-state = STATE
column-wait = WAIT p50/max
column-at = AT
column-started-by = STARTED BY
column-self = SELF
column-total = TOTAL
column-function = FUNCTION
column-blocking = BLOCKED AT
flame-empty = no call tree in this answer
flame-folded = { $frames } ({ $share }) too narrow to keep are counted with their callers
table-more = { $rows } more rows with { $goroutines } not shown (-v)
points-more = { $goroutines } elsewhere

# What is not shown.
hidden-benign = { $n ->
    [one] { $count } known long waiter hidden (--all)
   *[other] { $count } known long waiters hidden (--all)
  }
hidden-steady = { $n ->
    [one] { $count } steady goroutine
   *[other] { $count } steady goroutines
  }
hidden-candidates = { $goroutines } in families too small to rank
hidden-no-pattern = { $goroutines } that fit no pattern
hidden-suppressed = { $findings } suppressed
hidden-not-listed = { $goroutines } in { $clusters } not listed
hidden-objects = { $objects } with { $waits } not in the graph
hidden-other = { $name } { $count }
notes-more = { $count } more notes (-v)

# The last line.
exit-line = exit { $code }

# Report headings.
heading-report = goherd report
heading-findings = Findings
heading-candidates = Candidates
heading-notes = Notes
heading-target = Target
heading-severity = Severity
heading-certainty = Certainty
heading-finding = Finding
heading-goroutines = Goroutines
heading-place = At
heading-started-by = Started by
heading-fingerprint = fingerprint

# The demo.
demo-heading = A recorded incident: { $service }, { $go }, { $span } of recording in { $time }. Nothing leaves this machine.
demo-alert = alert: { $id } { $title }, { $goroutines }
demo-delivered = delivered to the webhook: status { $status }, { $attempts } attempt(s)
demo-open = The same in the viewer: { $command }

# What goherd says beside the answer.
cli-saved = saved { $path }
cli-kept = { $taken } of { $count } snapshots were taken
cli-kept-in = { $taken } of { $count } snapshots were taken; they are in { $path }
cli-next = next: { $step }
cli-delivered = findings delivered to the webhook, status { $status }, { $attempts } attempt(s)
cli-served = the viewer is served to this machine only; Ctrl-C ends it
cli-no-browser = no browser opened ({ $program }: { $why }); open the address yourself
progress-asking = asking { $target }
progress-round = asking { $target } ({ $index } of { $of })
progress-collected = { $target }: { $goroutines }
progress-waiting = next snapshot in { $seconds } s
progress-judging = judging
progress-saving = { $path }: { $done } of { $of }

# The list of patterns.
status-stable = stable
status-preview = preview
status-deprecated = deprecated

# One line a finding.
line-in = { $goroutines } in { $state }
line-for = { $facts } for { $time }
line-started-by = started by { $place }
line-decide = decide by: { $step }
line-note = note: { $note }

# Sentences the answer carries in English, told apart by their words. A value of one letter is a figure.
# Facts of the patterns.
sentence-goroutine-blocks-on-channel = a goroutine blocks on a channel
sentence-pairing-same-starters = { $n } goroutines of the same starters block in the same kind of operation at another line
sentence-pairing-other-method = { $n } goroutines that run another method of the same type block in the same kind of operation
sentence-workers-wait = workers that wait for the next job
sentence-waits-for-mutex = a goroutine waits for a mutex
sentence-waits-for-read-lock = a goroutine waits for a read lock
sentence-waits-for-readers = a goroutine waits for readers to leave
sentence-blocks-on-channel-at = { $n } goroutines block on a channel at { $func }
sentence-context-follower = the goroutine is the one package context starts to follow a parent context of foreign type
sentence-context-not-done = a loop or wait that ends when its context is done, and has not ended
sentence-stage-blocks = a stage that feeds others blocks while handing its value on
sentence-body-open = HTTP client connections whose response body is neither read to its end nor closed
sentence-connections-open = HTTP client connections kept open
sentence-select-no-cases = the runtime says `select (no cases)` outside main: nothing can ever make it ready
sentence-one-select = { $n } goroutines wait in one select at { $func }
sentence-waits-for-group = { $n } goroutines wait in (*sync.WaitGroup).Wait
sentence-sleeps = { $n } goroutines sleep in { $func }; time.Sleep cannot be cancelled
sentence-time-after = a wait that may be for time.After, which a cancelled context does not end
sentence-one-operation = { $n } goroutines block in one { $operation } at { $func }
sentence-channel-operation = channel operation
sentence-nil-channel = the goroutines stand in `{ $state }`: a nil channel is never ready
sentence-hands-over-one = a goroutine started for one result is still trying to hand it over
sentence-waits-for-cond = { $n } goroutines wait in (*sync.Cond).Wait
sentence-waits-for-lock = { $n } goroutines wait for a lock at { $func }
sentence-waits-for-peer = { $n } goroutines wait for a peer on the network at { $func }
sentence-waits-for-response = { $n } goroutines wait for an HTTP response at { $func }
sentence-next-tick = a loop that waits for the next tick
sentence-range-receive = the receive is that of a range loop, or asks whether the channel is closed
sentence-single-receive = the receive is a single `<-`, not a range loop
sentence-direction-unknown = debug=1 text does not say whether they send or receive; debug=0 and debug=2 do
sentence-profile-limits = the profile carries no state, age or creator; the state is inferred from frames
sentence-oldest-waits = the oldest waits for { $n } min
sentence-oldest-and-half = the oldest waits for { $n } min, half of them for { $m } min or more

# Facts about load.
sentence-load-connections = inbound connections rise step by step with them
sentence-load-peers = the goroutines wait for peers, and most show no wait of a minute: the peers may be sending
sentence-load-more = { $n } more { $what } stand against { $m } more goroutines
sentence-load-readers-of-responses = goroutines that read a response or wait for one
sentence-load-clients = clients that are still connected
sentence-load-idle-pool = the connections may be idle in the pool: its default timeout of 90 s has not passed
sentence-load-inbound = the goroutines read below inbound connections, whose peers cannot be seen in text
sentence-load-watchers = each watches the client of a request in progress; the clients are connected
sentence-load-streams = the goroutines serve streams whose clients cannot be seen in text
sentence-load-messages = the goroutines wait for messages on open streams
sentence-load-parents = as many goroutines that serve requests started them and rise step by step with them; { $fact }
sentence-load-halves = { $n } goroutines started by the same function read from connections and rise step by step with them

# Rules of thumb and paths.
sentence-rule-s3-title = One stack holds many goroutines all the time
sentence-rule-s3-why = a leak piles goroutines up in one stack; so does every healthy server, which is the weakness of this rule
sentence-rule-s3-fix = nothing by this rule alone: see whether the stack's own count rises, and what the other candidates say
sentence-rule-s3-weakness = the rule alone flags every healthy server: idle connections, pools and long polls stand in one stack all the time
sentence-places = the goroutines one go statement started move between { $n } places and none of them ends: { $list }

# What leads on.
sentence-step-series = more dumps of the same process, 10 s apart over a minute, judged together
sentence-step-stacks = full stacks: the text of /debug/pprof/goroutine?debug=2
sentence-step-leaks-here = on a process built with Go 1.27, whose goroutineleak profile proves leaks
sentence-step-leaks = the text of /debug/pprof/goroutineleak?debug=1 of a process built with Go 1.27
sentence-step-sigquit = what the process prints on SIGQUIT, which ends it: it carries channel addresses
sentence-step-prove = which stops the process for milliseconds and proves what nothing can wake
sentence-step-memory = the memory of the process: which goroutine can still reach what this one waits for
sentence-step-trace = an execution trace, /debug/pprof/trace?seconds=5: whether these goroutines ever run
sentence-step-source = the source at { $place }

# Notes about the input.
sentence-note-state = unknown goroutine state { $state }
sentence-note-header-brackets = the header of goroutine { $n } has a part in the brackets no known Go version prints
sentence-note-header-labels = the header of goroutine { $n } has a part in the labels no known Go version prints
sentence-note-header-behind = the header of goroutine { $n } has a part behind the brackets no known Go version prints
sentence-note-ran = { $n } goroutines ran while they were read: their stacks are not known
sentence-note-waits-moved = { $n } goroutines went on while what they wait on was read: their waits are left out
sentence-note-moved = { $n } goroutines moved each time they were looked at: their stacks are not known
sentence-note-broken = { $n } stacks could not be read to their end
sentence-note-live-objects = { $n } goroutines wait on addresses beyond the first 131,072, which are kept with them only
sentence-note-unproven = whether goroutines are leaked cannot be proven: { $why }
sentence-note-core-age = a core file does not say how long its goroutines have waited
sentence-note-core-cut = the core file lacks { $n } bytes its headers promise
sentence-note-core-excluded = { $n } bytes of memory, the first at { $address }, are not in the core file: the program excludes them (MADV_DONTDUMP)
sentence-note-core-wiped = { $n } bytes of memory, the first at { $address }, are not in the core file: copies do not inherit them (MADV_WIPEONFORK)
sentence-note-core-device = { $n } bytes of memory, the first at { $address }, are not in the core file: they belong to a device
sentence-note-core-unread = { $n } bytes of memory, the first at { $address }, are not in the core file: they could not be read
sentence-note-zombie = a zombie stays among the children of process { $n } until goherd copies it again: { $why }
sentence-note-frames = kept { $n } frames of a stack, dropped { $m }
sentence-note-frames-profile = kept 4096 frames of a stack
sentence-note-labels = cannot read the labels of a goroutine
sentence-note-stacks-limit = kept 1,048,576 distinct stacks; goroutines of further ones are counted without frames
sentence-note-labels-limit = kept 262,144 distinct label sets; goroutines with further ones are counted without labels
sentence-note-objects-limit = counted the waiters of the first 131,072 addresses; later ones are kept with their goroutine only
sentence-note-samples-limit = kept the text of the first 8 MiB of distinct stacks; later clusters have no raw text
sentence-note-indentation = took an indentation of { $n } bytes off each line
sentence-note-prefix = took a prefix such as { $prefix } off each line
sentence-note-cri = took Kubernetes (CRI) log prefixes off each line
sentence-note-json = read the { $key } field of JSON log records
sentence-note-spaced = took out the blank line behind each line
sentence-note-escaped = undid the escaped line ends of a log field
sentence-note-line-long = a line is longer than { $n } bytes; its rest is left out
sentence-note-goroutine-long = a goroutine's text is longer than { $n } bytes; its rest is left out
sentence-note-dumps-limit = read 4096 dumps of one input; goroutines of further ones are counted into the last
sentence-note-header = cannot read the header { $text }
sentence-note-frame = cannot read the frame { $text }
sentence-note-runtime-stack = a thread's `runtime stack:` belongs to no goroutine and is left out
sentence-note-leaks-left-out = left out { $what } the leak profile lists by mistake: main, or a record without a stack
sentence-note-leak-samples-left-out = left out { $what } the leak profile lists by mistake: main, or a sample without a stack
sentence-some-goroutines = { $n } goroutines
sentence-some-goroutine = { $n } goroutine
sentence-note-foreign-line = left out a line between the frames of stacks: not of the dump
sentence-note-foreign-lines = left out { $n } lines between the frames of stacks: not of the dump
sentence-note-indentation-back = put back the indentation of file lines
sentence-note-colon-back = put back the colon behind headers
sentence-note-no-call = no call follows the header { $text }
sentence-note-writers-limit = read 65 writers of one log; lines of further ones are left out
sentence-note-writers = lines of several writers stand between each other from here on; each writer's goroutines are read as a dump of their own, without a time: split the log by writer to judge one process alone
sentence-note-more = { $n } more notes are not listed
sentence-note-envelope-lists = the envelope lists { $n } of { $m } goroutines; the others have no stack here
sentence-note-utf16 = the text is UTF-16; offsets are those of its UTF-8 form
sentence-note-breaks-off = the { $form } data breaks off here ({ $why }); what comes before it was read
sentence-note-unpack-limit = the input unpacks to more than the limit of { $n } bytes; the rest was not read
sentence-note-dated-by-name = { $file } is dated by its name, read as UTC where that names no zone
sentence-note-dated-by-file = { $file } is dated by its modification time: these rise along the series
sentence-note-leaks-not-answered = the leak profile is listed but not answered: { $why }
sentence-note-stacks-not-asked = { $what } was not asked: { $n } goroutines are above the limit of { $m }, and it would stop the service for about { $s } s; it knows states, ages and creators: --allow-stw accepts the pause
sentence-note-asked-instead = { $what } was asked instead of { $other }: { $why }
sentence-note-files-limit = { $n } of { $m } files were not looked at: the limit is { $k }
sentence-note-no-dump = { $n } of { $m } entries hold no goroutine dump: { $names }
sentence-note-cut-runtime = the dump is 67,108,864 bytes long, where net/http/pprof stops without a sign; goroutines are missing
sentence-note-cut-at = the input ends inside a goroutine at byte { $n }
sentence-note-cut-count = the header promises { $n } goroutines, the records hold { $m }
sentence-note-cut-saved = the saved snapshot was cut

# Notes about the run.
sentence-cost = { $witness }: { $n } bytes in { $s } s; { $pause }
sentence-cost-stopped = the world stopped while { $n } stacks were written, about { $s } s
sentence-cost-gc = one garbage collection, which the leak profile forces
sentence-cost-copied = memory: { $n } bytes in { $m } reads, { $s } s; the process was stopped for { $t } ms and copied
sentence-cost-core = core file: { $n } bytes written, { $m } more are in the files it maps, { $s } s; the process was stopped for { $t } ms and copied
sentence-cost-memory = memory: { $n } bytes in { $m } reads, { $s } s; the process was neither stopped nor asked
sentence-cost-brief = the world stopped only briefly (15 ms or less in all at 1,000,000 goroutines)
sentence-note-reduced = { $n } snapshots with states are compared with profiles by stacks and counts alone
sentence-note-not-compared = { $n } snapshots of form { $form } are not compared with the others
sentence-note-undated = { $n } snapshots without a time are left out of a series of { $m } that have one
sentence-note-no-times = the snapshots carry no times that tell them apart; growth is ranked, not judged. Name files by time, such as { $file }, or save them with `goherd snap --save`
sentence-note-restarted = goroutine ids show that the process was restarted, or that the dumps are of several processes: the last { $n } of { $m } are judged
sentence-note-vanished = { $n } goroutines in { $state } at { $func } stand in an earlier snapshot and not in the last: such a wait cannot end, so the process was restarted or the snapshots are of several; judge them one by one
sentence-note-leaked-unknown = the runtime says that { $n } goroutines at { $func } ({ $state }) are leaked; no pattern describes them
sentence-note-short = { $n } snapshots over { $span } are too few to judge growth: seven or more over 60 s decide
sentence-note-short-untimed = { $n } snapshots over no times are too few to judge growth: seven or more over 60 s decide
sentence-note-leaks-other-process = the leak profile of { $target } is of another process: of its { $n } goroutines { $m } are known here by id and place; it is not used
sentence-note-leaks-both = goroutines that the memory and the runtime's leak profile both call leaked: { $n }
sentence-note-leaks-ours = goroutines the memory alone proves to be leaked: { $n }; the runtime's profile passes over small locks that share a block with others, and over what a word left on a stack still names
sentence-note-leaks-theirs = goroutines in the runtime's leak profile alone: { $n }; some word the memory holds may still name what they wait on
sentence-note-leaks-moved = goroutines of the runtime's leak profile that were not there yet, or stood elsewhere, when the memory was read: { $n }
sentence-note-leaks-ended = goroutines nothing could wake that are not in the runtime's list of all goroutines: { $n }; the process was restarted in between, or this is a fault of goherd's to be reported
sentence-note-leaks-by-stacks = the leak profile was asked for stacks alone: { $n } goroutines are above the limit of { $m }; with ids, which --allow-stw accepts the pause for, it is held against the memory one by one
sentence-note-leak-profile-elsewhere = the leak profile was not asked: { $target } is not served by { $process }
sentence-note-leak-profile-failed = the leak profile was not answered: { $why }
sentence-note-looked-twice = looked twice instead, { $n } s apart, while the process ran: a pointer that moves meanwhile is missed, so what is out of reach cannot be told, and only rings of locks and queues that stand are suspected
sentence-step-graph = who waits on what, and whose stacks hold the addresses of locks and channels
sentence-why-of-memory = it is held against the memory of one process
sentence-do-of-memory = Give one process or core file as the target, and here where its runtime answers.
sentence-seconds = { $n } s
sentence-note-suppressed = { $what } is suppressed: { $reason }
sentence-note-suppressed-ended = { $what } is no longer suppressed since { $date }: { $reason }
sentence-not-told = not told by the witness

# What the input is instead.
sentence-kind-dump = a goroutine dump
sentence-kind-profile = a pprof profile
sentence-kind-gzip = gzip-compressed data
sentence-kind-zstd = zstd-compressed data
sentence-kind-xz = xz-compressed data
sentence-kind-bzip2 = bzip2-compressed data
sentence-kind-envelope = an envelope saved by goherd
sentence-kind-html = an HTML page
sentence-kind-html-titled = an HTML page: { $title }
sentence-kind-trace = a Go execution trace
sentence-kind-other-profile = a { $what } in text, which holds no goroutines
sentence-kind-heap = heap profile
sentence-kind-allocs = allocation profile
sentence-kind-threads = thread creation profile
sentence-kind-block = block profile
sentence-kind-mutex = mutex profile
sentence-kind-empty = empty
sentence-kind-text = text without a goroutine dump
sentence-kind-elf = an ELF file (a program or a core)
sentence-kind-macho = a Mach-O program
sentence-kind-png = a PNG picture
sentence-kind-pdf = a PDF document
sentence-kind-windows = a Windows program
sentence-kind-zip = a zip archive
sentence-kind-heap-dump = a heap dump (`debug.WriteHeapDump`)
sentence-kind-sqlite = an SQLite database
sentence-kind-binary = binary data
sentence-and-more = { $names } and { $n } more
sentence-kind-no-file = no regular file
sentence-kind-unusable = a { $form } that cannot be used: { $why }
sentence-form-saved = saved envelope

# Failures.
sentence-error-bad-target = `{ $target }` is not a target: { $why }
sentence-error-empty = it is empty
sentence-error-scheme = { $scheme }:// is not a scheme goherd speaks
sentence-error-no-socket = the path of the socket is missing
sentence-error-no-host = the host is missing
sentence-error-user-name = its user name cannot be taken off
sentence-error-user-utf8 = its user name is not UTF-8
sentence-error-password-utf8 = its password is not UTF-8
sentence-error-profile = `{ $profile }` holds no goroutines; name the service, or its `goroutine` profile
sentence-error-no-process = there is no process { $n }
sentence-error-gone = process { $n } ended or ran another program while it was being read
sentence-error-refused = the memory of process { $n } may not be read: { $why }
sentence-error-other-user = it belongs to user { $n }, goherd runs as user { $m }; run goherd as that user, or with CAP_SYS_PTRACE (sudo, or `docker run --cap-add SYS_PTRACE`)
sentence-error-no-vm-read = this kernel has no process_vm_readv (CONFIG_CROSS_MEMORY_ATTACH)
sentence-error-scope-3 = kernel.yama.ptrace_scope is 3: nobody may, until the next boot
sentence-error-scope-2 = kernel.yama.ptrace_scope is 2: run goherd with CAP_SYS_PTRACE (sudo)
sentence-error-scope-1 = kernel.yama.ptrace_scope is 1: run goherd with CAP_SYS_PTRACE (sudo), or `sysctl kernel.yama.ptrace_scope=0`
sentence-error-namespace = it runs in a user namespace that is not goherd's: run goherd on the host with CAP_SYS_PTRACE, or inside the container (Kubernetes: `kubectl debug --target` with the same user, or SYS_PTRACE)
sentence-error-non-dumpable = it is marked non-dumpable (it changed its user, or asked for that): run goherd with CAP_SYS_PTRACE (sudo)
sentence-error-file-closed = its executable may not be read by goherd's user: `chmod +r` it, or run goherd with CAP_DAC_READ_SEARCH (sudo)
sentence-error-no-reason = the kernel does not say why: a sandbox or a security module (AppArmor, SELinux, gVisor) may forbid it; run goherd on the host, outside of it
sentence-error-no-reason-capability = the kernel does not say why: a sandbox or a security module (AppArmor, SELinux, gVisor) may forbid it; run goherd on the host with CAP_SYS_PTRACE (sudo)
sentence-error-not-elf = { $path } is not a 64-bit ELF program of amd64 or arm64: { $why }
sentence-error-not-core = { $path } is not a core file: { $why }
sentence-error-other-elf = it is another kind of ELF file
sentence-error-no-executable = the executable of { $core } is not at hand; name it: core:{ $same },EXECUTABLE
sentence-error-not-go = { $path } is not a Go program: it carries no Go build information
sentence-error-version = the layout of { $version } is not known; known are Go 1.{ $n } to 1.{ $m }
sentence-error-layout = the executable's own DWARF puts { $place } at { $n }, not at { $m }: this is not the runtime its version names
sentence-error-missing = { $what } cannot be found in the executable or its memory
sentence-error-inconsistent = what was read does not hold together ({ $what }): nothing is claimed of it
sentence-error-stack-ends = { $n } of { $m } stacks do not end where stacks end
sentence-error-records = { $n } of { $m } goroutine records hold what none can
sentence-error-own = { $n } of { $m } goroutine records do not point at themselves
sentence-error-modules = the list of modules has no end
sentence-error-module = the module record does not describe the executable's text and tables
sentence-error-what-goroutines = the list of goroutines (runtime.allgs)
sentence-error-what-module = the program's module record (runtime.firstmoduledata)
sentence-error-what-record = a module's record
sentence-error-what-reasons = the names of wait reasons (runtime.waitReasonStrings)
sentence-error-what-entry = the entry point in the auxiliary vector
sentence-error-unread = { $n } bytes that may hold pointers cannot be read
sentence-error-what-heap = the heap (runtime.mheap_)
sentence-error-no-copy = process { $n } cannot be copied: { $why }
sentence-error-over-budget = copying process { $n } would stop it for about { $m } ms, { $k } ms are allowed: allow more, or read it live
sentence-why-kernel-thread = it is a thread of the kernel
sentence-why-shadow-stack = it runs with a shadow stack, which an injected call would break; read it live instead
sentence-why-overcommit = vm.overcommit_memory is 2: a copy would have to be paid for in full; read it live instead
sentence-why-seccomp = a seccomp filter watches its system calls, and may end it for the clone; run it without one (`docker run --security-opt seccomp=unconfined`), or read it live instead
sentence-why-traced = process { $n } traces it (a debugger, or another goherd); end that first
sentence-why-pids = its control group is at its limit of { $n } processes and threads (pids.max)
sentence-why-memory-machine = the machine has { $n } MB of memory left, a copy may need { $m } MB; read it live instead
sentence-why-memory-group = its control group has { $n } MB of memory left, a copy may need { $m } MB; read it live instead
sentence-why-slow-stop = one of its threads did not stop in time (it waits in the kernel, or the machine is busy): allow a longer stop
sentence-why-call = a system call in it did not return
sentence-why-architecture = programs of other architectures than amd64 are not copied; read it live instead
sentence-why-no-rest = none of its runtime's threads came to rest in a system call; try again
sentence-why-stopped = a signal has stopped it where none of its runtime's threads was at rest; let it go on (`kill -CONT`)
sentence-why-zombie = its copy { $n } has ended but could not be reaped; the next copy reaps it
sentence-why-processes = the number of its user's or its container's processes is at its limit (RLIMIT_NPROC, pids.max)
sentence-why-page-tables = the kernel has not the memory for its page tables
sentence-why-clone = its clone was refused: { $why }
sentence-why-mappings = it has { $n } mappings, a core file holds { $m }
sentence-error-pid-form = a process id is a number from 1 on
sentence-error-core-form = it lacks the path: core:FILE or core:FILE,EXECUTABLE
sentence-error-not-found = { $path }: no such file or directory
sentence-error-damaged = { $target }: the { $form } data is damaged: { $why }
sentence-error-not-a-dump = { $target }: no goroutine found: this is { $what }
sentence-error-no-dumps = { $path }: none of its { $n } files is a goroutine dump
sentence-error-unreachable = { $target } cannot be reached: { $why }
sentence-error-cut = { $target }: the answer to { $asked } broke off after { $n } bytes: { $why }
sentence-error-status = { $target } answers { $n } to { $asked }
sentence-error-status-detail = { $target } answers { $n } to { $asked }: { $detail }
sentence-error-redirects = redirects to { $place }
sentence-error-tls = { $target }: TLS: { $why }
sentence-error-timeout = { $target } has not answered { $asked } within { $s } s
sentence-error-too-large = { $target }: { $what } is larger than the limit of { $n } bytes
sentence-error-the-answer = the answer to { $asked }
sentence-error-encoding = { $target }: the answer to { $asked } is packed with content encoding { $encoding }
sentence-error-stops = { $target } has { $n } goroutines; `debug=2` would stop it for about { $s } s and is limited to { $m }
sentence-error-unix = { $target }: unix sockets need a unix system
sentence-error-token = { $option }: the token holds characters no header may carry
sentence-error-header-name = { $option }: { $name } is no header name
sentence-error-header-value = { $option }: the value of { $name } holds characters no header may carry
sentence-error-header-form = { $option }: there is no `NAME: VALUE` in it
sentence-error-pem = { $option }: it holds no PEM certificate
sentence-error-pem-file = { $option }: { $path }: it holds no PEM certificate
sentence-error-for-file = { $option }: a file does not change while it is looked at
sentence-error-terminal = { $option }: { $format } is not for terminals
sentence-error-series-output = { $option }: each snapshot of the series would overwrite the one before
sentence-error-core-process = { $option }: only a live process can be saved as a core file
sentence-error-core-count = { $option }: a core file is one instant
sentence-error-core-redact = { $option }: a core file holds all memory of the process, and nothing can be taken out
sentence-error-core-exists = { $option }: { $path } exists
sentence-error-core-write = { $path }: { $why }; { $n } of { $m } bytes of memory were written, and the unfinished file is removed
sentence-error-budget-prove = { $option }: nothing stops the process without --prove
sentence-error-page-form = { $option }: a pattern's page has no form { $format }
sentence-error-env-missing = { $option }: { $name }: environment variable not found
sentence-error-pattern = no pattern is called { $id }
sentence-error-entry-reason = the entry of { $id } has no reason
sentence-error-entry-date = the entry of { $id } has no date in `expires`
sentence-error-saved = { $name }: this is an answer saved by goherd, but it cannot be read: { $why }
sentence-error-saved-form = it has the form { $form }, and this goherd reads { $other }
sentence-error-saved-limit = it unpacks to more than the limit of { $n } bytes
sentence-error-webhook = the findings are not delivered: { $why }
sentence-error-webhook-unusable = the webhook's { $what } cannot be used: { $why }
sentence-error-webhook-scheme = { $scheme }:// is neither http:// nor https://
sentence-error-webhook-header = that is no header name
sentence-error-webhook-value = its value holds forbidden characters
sentence-error-webhook-reach = { $host } cannot be reached ({ $attempts }): { $why }
sentence-error-webhook-time = { $host } did not answer in time ({ $attempts })
sentence-error-webhook-status = { $host } answers { $n } ({ $attempts })
sentence-error-webhook-detail = { $host } answers { $n } ({ $attempts }): { $detail }
sentence-attempt = { $n } attempt
sentence-attempts = { $n } attempts
sentence-error-write = write the answer: { $why }
sentence-error-json = print JSON: { $why }
sentence-error-junit = print JUnit XML: { $why }
sentence-error-no-tree = draw the call tree: the answer has none
sentence-error-no-graph = draw the wait graph: only `goherd graph` makes one
sentence-error-no-stacks = write stacks: the answer has no snapshot
sentence-error-no-marker = fill the viewer: it has no { $marker }
sentence-error-read-envelope = read the envelope: { $why }
sentence-error-no-snapshot = find a snapshot: the envelope of { $command } carries none
sentence-error-inflate = inflate the profile: { $why }
sentence-error-no-field = read profile.proto: no field at byte { $n }
sentence-error-dangling = read profile.proto: { $what } { $n } is not in it
sentence-error-other-profile = find goroutines: this is a { $what } profile
sentence-interrupted = interrupted
sentence-os-not-found = No such file or directory (os error { $n })
sentence-os-denied = Permission denied (os error { $n })
sentence-os-refused = Connection refused (os error { $n })
sentence-os-reset = Connection reset by peer (os error { $n })
sentence-os-directory = Is a directory (os error { $n })
sentence-os-not-directory = Not a directory (os error { $n })
sentence-os-in-use = Address already in use (os error { $n })
sentence-os-full = No space left on device (os error { $n })
sentence-os-no-host = failed to lookup address information: { $why }

# What to do about a failure.
sentence-do-name-target = Name a FILE, a directory, `-`, `pid:N`, `core:FILE`, `http://HOST:PORT`, `:PORT` or `unix:/PATH`.
sentence-do-find-process = Look for its id with `pgrep -x NAME`; inside a container processes have other ids than outside.
sentence-do-start-again = Start it again, or look at what it printed when it ended.
sentence-do-endpoint = Or use :PORT where the process serves net/http/pprof.
sentence-do-go-itself = Name the process of the Go program itself, not of a shell or launcher that started it.
sentence-do-core = Name a core file as `core:FILE`; a dump in text needs no `core:`.
sentence-do-copy-executable = Copy the executable from the machine the core file comes from.
sentence-do-check-path = Check the path and its permissions.
sentence-do-pid = Use :PORT where the process serves net/http/pprof, or send it SIGQUIT and give goherd the text it prints.
sentence-do-help = See `goherd doctor --help` for { $option }.
sentence-do-path-or-port = Check the path; for a service of that name give the port too: { $example }.
sentence-do-path = Check the path; for a service give `HOST:PORT`.
sentence-do-permissions = Check its permissions, or pipe it: `sudo cat FILE | goherd doctor -`.
sentence-do-copy-again = Copy it again, in binary mode, and check it with `gzip -t` or `zstd -t`.
sentence-do-login = A login page or a proxy answered: pass credentials (--user, --bearer-env, --header) or ask the service directly.
sentence-do-take-again = Take it again and check that the command that writes it succeeds.
sentence-do-give-dump = Give goherd a goroutine dump: debug=0, debug=1, debug=2 or what SIGQUIT prints.
sentence-do-save-dumps = Save dumps there with `curl -o NAME http://HOST:PORT/debug/pprof/goroutine?debug=2`.
sentence-do-reach = Check that the service runs, listens on this port and may be reached from here (port-forward, firewall, proxy).
sentence-do-cut = Something between here and the service ends long answers (WriteTimeout, a proxy); ask it directly or ask again.
sentence-do-certificate = Give the certificate of its issuer with --cacert, or use --insecure if you trust the network.
sentence-do-timeout = Allow more with --timeout, or check whether the process still answers anything at all.
sentence-do-own-machine = Take the dump on the target's own machine and give goherd the file.
sentence-do-pause = Accept the pause with --allow-stw, or take the counts only.
sentence-do-again = Run it again when there is time.
sentence-do-401 = Pass credentials with --user USER:PASSWORD or --bearer-env NAME.
sentence-do-403 = The credentials are not allowed to see profiles, or only some addresses are; ask from an allowed one.
sentence-do-404 = Import net/http/pprof in the service and serve it on this port, or give its prefix: `http://HOST:PORT/PREFIX`.
sentence-do-405 = The endpoint refuses GET; ask the service directly.
sentence-do-407 = The proxy wants credentials: --proxy http://USER:PASSWORD@HOST:PORT, or NO_PROXY for this host.
sentence-do-429 = The endpoint limits how often it is asked; wait and ask again.
sentence-do-3xx = It redirects to another place (a login?): pass credentials, or give the address it redirects to.
sentence-do-5xx = The service or the proxy before it fails; ask it directly, and look at its log.
sentence-do-no-proxy = Ask the service directly, without a proxy.
sentence-do-watch-address = Give an address or a process to look at for a while, or several dumps of one process as a series.
sentence-do-export = Set it first: { $command }.
sentence-do-header = Write `--header 'X-Team: orders'`.
sentence-do-output-file = Write it to a file with --output FILE.
sentence-do-text-or-markdown = Use text or markdown.
sentence-do-list-patterns = List them all with `goherd explain`.
sentence-do-entry = Each entry is `[[suppress]]` with `fingerprint`, `reason` and, if it is to end, `expires = 2026-12-31`.
sentence-do-save-again = Save it again with `goherd snap TARGET --save FILE`.
sentence-do-folder = Check that the folder exists and may be written to.
sentence-do-series-save = Save a series with `--save FOLDER`.
sentence-do-core-process = Name a process: `goherd snap PID --save FILE.core`.
sentence-do-core-once = Save one core file at a time.
sentence-do-core-redact = Save the answer instead: `--save FILE.json`.
sentence-do-core-force = Name another file, or replace it with --force.
sentence-do-core-room = Name a file on another disk, or make room for { $n } bytes more.
sentence-do-budget-prove = Give --prove too, or leave it out.
sentence-do-free-port = Leave out --port to be given a free one.
sentence-do-other-format = Use `--format json` or `--format text` for this answer.
sentence-do-output = Check that the output can be written to.
sentence-do-webhook-address = Give --webhook an address such as https://HOST/PATH.
sentence-do-report = Report this: every finding should be writable.
sentence-do-receiver = Check that the receiver runs and may be reached from here (firewall, proxy).
sentence-do-receiver-time = Let the receiver answer first and work later, or allow more time.
sentence-do-receiver-tls = Trust the issuer of the receiver's certificate.
sentence-do-receiver-credentials = Send credentials with a header, or check the secret on both sides.
sentence-do-receiver-redirect = Give the address it redirects to; a signed call is not passed on.
sentence-do-receiver-log = Look at the receiver's log: it is told by the x-goherd-delivery header.

# Failures in an answer that is shared.
sentence-shared-redacted = { $what }; run it without --redact to see which and why
sentence-shared-failed = it failed
sentence-shared-option = { $option } cannot be used as it is
sentence-shared-live = a process or core file cannot be read
sentence-shared-target = a target cannot be used as it is given
sentence-shared-missing = a file does not exist
sentence-shared-unreadable = a file cannot be read
sentence-shared-damaged = a target's data is damaged
sentence-shared-no-goroutine = a target holds no goroutine
sentence-shared-no-dump = a directory holds no goroutine dump
sentence-shared-unreachable = a target cannot be reached
sentence-shared-cut = a target's answer broke off
sentence-shared-status = a target refuses to answer
sentence-shared-tls = the TLS connection to a target failed
sentence-shared-timeout = a target has not answered in time
sentence-shared-too-large = a target's answer is too large
sentence-shared-stops = a target has too many goroutines for `debug=2`
sentence-shared-unsupported = a target is of a kind goherd cannot read
sentence-shared-pattern = no pattern has this name
sentence-shared-suppressions = the suppression file cannot be used
sentence-shared-saved = a saved answer cannot be read back
sentence-shared-output = the answer cannot be written
sentence-shared-port = the viewer's port cannot be had
sentence-shared-webhook = the findings are not delivered
sentence-shared-format = the answer cannot be printed in this format
sentence-redacted = (redacted)
sentence-shared-state-header = the header of goroutine { $n } has a part { $what }
sentence-shared-prefix = took a prefix such as (redacted)
sentence-shared-json = read the (redacted)
sentence-shared-foreign-line = left out a line between the frames of stacks (redacted)
sentence-shared-foreign-lines = left out { $n } lines between the frames of stacks (redacted)
sentence-shared-leaks = left out { $what } the leak profile lists by mistake (redacted)
sentence-shared-thread = a thread's (redacted)
sentence-shared-entries = { $n } of { $m } entries hold no goroutine dump (redacted)
sentence-shared-leaks-not-answered = the leak profile is listed but not answered (redacted)
sentence-shared-asked-instead = { $what } was asked instead of { $other } (redacted)
sentence-shared-stacks-not-asked = { $what } was not asked (redacted)
sentence-shared-no-times = the snapshots carry no times that tell them apart; growth is ranked, not judged. Name files by time, such as { $file }, or save them with (redacted)
sentence-shared-not-asked = a target was not asked: { $gone }
