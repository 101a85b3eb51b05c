# Counts. $n chooses the plural, $count is the printed figure.
goroutines = { $n ->
    [one] { $count } goroutine
   *[other] { $count } goroutines
  }
functions = { $n ->
    [one] { $count } function
   *[other] { $count } functions
  }
packages = { $n ->
    [one] { $count } package
   *[other] { $count } packages
  }
starts = { $n ->
    [one] { $count } place starts goroutines
   *[other] { $count } places start goroutines
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
# Lint.
lint-healthy = nothing found in { $functions } of { $packages }
lint-findings = { $findings } in { $functions } of { $packages }
lint-nothing = undecidable: no package was found
lint-coverage = { $packages }, { $files } files, types known of { $known }
lint-generated = { $count } generated files passed over
lint-damaged = { $count } files with broken syntax, read as far as it could be
lint-unsound = { $count } functions whose control flow could not be told
lint-missing = { $count } modules are not on this machine
spawns-sentence = { $starts }: { $high } of high risk, { $medium } of medium, { $low } of low
spawns-title-high = High risk: nothing is seen that ends these
spawns-title-medium = Medium risk: these may outlive what started them
spawns-title-low = Low risk: these end, as far as can be told
spawns-legend = Points add up: 2 and more are of medium risk, 4 and more of high, unless goherd.toml says otherwise. They are policy, not proof: findings are what is proven by the source.
spawns-head-points = POINTS
spawns-head-where = WHERE
spawns-head-starts = STARTS
spawns-head-ends = ENDS
spawns-head-joined = WAITED FOR
spawns-head-recovers = RECOVERS
spawns-head-captures = CAPTURES
spawns-literal = func
spawns-by-go = go { $runs }
spawns-by-group = WaitGroup.Go { $runs }
spawns-by-err-group = errgroup.Go { $runs }
spawns-by-runner = runner.Go { $runs }
spawns-by-pool = pool { $runs }
spawns-by-after-func = time.AfterFunc { $runs }
spawns-by-context-after-func = context.AfterFunc { $runs }
spawns-by-handler = HTTP handler { $runs }
spawns-end-runs-out = by itself
spawns-end-runs-out-bare = by itself
spawns-end-context = when { $of } says so
spawns-end-context-bare = when its context is done
spawns-end-signal = when { $of } is ready
spawns-end-signal-bare = when a channel is ready
spawns-end-closed = when { $of } is closed
spawns-end-closed-bare = when a channel is closed
spawns-end-condition = by { $of }
spawns-end-condition-bare = by a condition of its own
spawns-end-shutdown = when { $of } is shut down
spawns-end-shutdown-bare = when a server is shut down
spawns-end-closed-elsewhere = if somebody closes { $of }
spawns-end-closed-elsewhere-bare = if somebody closes its channel
spawns-end-unknown = unknown: { $of }
spawns-end-unknown-bare = unknown
spawns-end-never = never: { $of }
spawns-end-never-bare = never
spawns-joined-nobody = nobody
spawns-joined-starter = its starter
spawns-joined-somebody = others, or on some ways
spawns-joined-library = the library
spawns-recovers-yes = yes
spawns-recovers-no = no
spawns-recovers-unknown = unknown
spawns-and = { "; " }
spawns-reason-never-ends = nothing ends it
spawns-reason-unknown = nobody can tell what runs
spawns-reason-nobody-closes = it goes on until a channel is closed, which no function of the package does
spawns-reason-waits-to-send = a send that nothing cuts short
spawns-reason-waits-to-receive = a receive that nothing cuts short
spawns-reason-waits-in-select = a select without a way out
spawns-reason-waits-for-others = a wait for others that nothing cuts short
spawns-reason-no-stop = no context or channel can tell it to stop
spawns-reason-context-ends-first = its context ends when its starter returns
spawns-reason-in-endless-loop = started again and again without a limit
spawns-reason-in-loop = started once an element, without a limit
spawns-reason-per-request = started for each request
spawns-reason-no-recover = a panic of it ends the process, unlike one of its handler
spawns-reason-joined = its starter waits for it, whatever happens
spawns-reason-waited-for = something waits for it
spawns-reason-sends-have-room = what it sends has room
spawns-reason-owned = a Runner cancels it, recovers it and names it when it does not stop
lint-mended = { $findings } mended in { $files } files
lint-not-mended = { $count } repairs left, as they meet others or would break their file
lint-repair-safe = { $text } (--fix)
lint-repair-unsafe = { $text } (--unsafe-fixes; may change more than the fault)
lint-repair-display-only = { $text } (an outline)
row-repair = mend
hidden-preview-findings = { $findings } of rules under trial (--preview)
hidden-findings-in-generated = { $findings } in generated files
hidden-findings-ignored-in-source = { $findings } kept back by comments
hidden-findings-excluded = { $findings } in excluded files
hidden-findings-ignored-by-path = { $findings } not told of their files
hidden-findings-not-new = { $findings } that are not new
chain-http = HTTP handler
chain-grpc = gRPC method
chain-queue = message
chain-goroutine = goroutine of main
chain-to-http = HTTP request
chain-to-grpc = gRPC call
chain-to-sql = SQL
chain-to-redis = Redis
chain-to-dial = dial
chain-to-command = command
chain-inherited = inherited
chain-bounded = bounded
chain-fresh = fresh
chain-widened = widened
chain-detached = detached
chain-lost = lost
chain-unknown = unknown

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
target-source = source
target-looked = looked for { $time }
target-series = { $snapshots } over { $time }

# Rows of a finding.
row-waits-on = they wait on
row-at = at
row-started-by = started by
row-evidence = evidence
row-source = source
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
graph-held = held by goroutine { $id } [{ $state }] at { $at }: the lock says so
graph-held-ended = locked by goroutine { $id }, which has ended: nobody has unlocked it
graph-holders-more = or by { $goroutines } not listed
graph-reason-address-and-function = its stack holds the address and shows a function that others take this lock in
graph-reason-address = its stack holds the address
graph-reason-function = its stack shows a function that others take this lock in
graph-cycle = possible deadlock: { $goroutines } seem to wait on each other
graph-cycle-alike = { $cycle } (and { $n } more such rings)
graph-step = goroutine { $id } at { $at } waits to { $side }: { $what }, which is on the stack of goroutine { $next }
graph-step-held = goroutine { $id } at { $at } waits to { $side }: { $what }, which goroutine { $next } holds
graph-cycle-recorded = deadlock as the locks record it: { $goroutines } wait on each other
graph-not-proven = confirmed, not proven: { $doubts }
graph-doubt-unlock = Go lets another goroutine unlock a lock for its holder
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
profile-over = over { $time }
profile-more = { $rows } more with { $share } of flat not shown (-v)
profile-types = sample types: { $types } (--type)
column-flat = FLAT
column-cum = CUM
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
hidden-moved = { $goroutines } that the trace shows moving on
hidden-suppressed = { $findings } suppressed
hidden-not-listed = { $goroutines } in { $clusters } not listed
hidden-objects = { $objects } with { $waits } not in the graph
hidden-functions-not-listed = { $n ->
    [one] { $count } row not listed
   *[other] { $count } rows not listed
  }
hidden-samples-left-out = { $n ->
    [one] { $count } stack left out by --focus or --ignore
   *[other] { $count } stacks left out by --focus or --ignore
  }
hidden-samples-below-zero = { $n ->
    [one] { $count } stack below zero, which has no width
   *[other] { $count } stacks below zero, which have no width
  }
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
sentence-step-longer-trace = a trace of a second or more under the same load
sentence-step-allocation-rate = allocations over a known time: /debug/pprof/allocs?seconds=30 under load shows whether it is so now
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
sentence-cost-counters = no pause: counters the runtime keeps anyway were written out
sentence-cost-signals = about a hundred signals a second and busy CPU while it was taken
sentence-note-weighed = { $n } snapshots are in it; the last one is weighed
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
sentence-note-fuse-stacks = { $n } stacks of the fuse's report have more than { $m } frames; the outer ones were not read
sentence-note-fuse-listed = the fuse's report lists { $n } of { $m } goroutines; the others have no stack here
sentence-note-fuse-cut = the dump of the fuse's report was cut at its MaxDump; give Options.MaxDump more room
sentence-note-fuse-unfit = { $n } waits or locks of the fuse's report do not fit its goroutines; they were left out
sentence-note-fuse-longest = the fuse saw a wait of { $n } s or more; from { $m } s on it reports: waits that began before it was started, and those for locks that are not its own, are not among them
sentence-note-fuse-leaked = the runtime proved { $n } goroutines of the process to be leaked; the dump of the fuse's report marks { $m } of them: /debug/pprof/goroutineleak?debug=2 names all
sentence-what-fuse = a report of the Go module's fuse
sentence-what-account = what the Go module counts at /debug/goherd, which names no goroutine
sentence-note-account-silent = /debug/goherd was not answered: { $why }
sentence-note-account-refused = /debug/goherd answers 403: it is for the service's own machine unless account.WithAuth says otherwise; ask from there, or pass credentials
sentence-note-account-unused = /debug/goherd was not used: { $why }
sentence-note-account-labels = the labels of its goroutines are not known: { $why }
sentence-note-account-rises = { $row } has more under way at every look, { $n } at first and { $m } at last: load does that, and so does what never ends; watch it under even load
sentence-note-account-ended = { $row }: of { $n } that have ended, { $m } were cancelled, { $f } failed and { $p } panicked
sentence-note-account-other = { $n } requests came with names above the limit of the service's table and are counted as other
sentence-note-account-rows = { $n } rows of the service's account were not read
sentence-step-runner = or start it with Go of a runner.Runner, which the module requires already: its context ends with the Runner, a panic is an error, and WaitTimeout names who does not stop
sentence-step-pool = or hand the tasks to a pool.Pool, which the module requires already: Shutdown runs what it has and ends its workers
sentence-account-endpoint = endpoint { $endpoint } of service { $service }
sentence-account-task = task { $task } of runner { $runner }
sentence-cost-account = /debug/goherd: { $n } bytes in { $s } s; nothing is stopped
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
sentence-kind-runlog = a log of the Go runtime (gctrace, schedtrace)
sentence-next-runlog = Judge it with `goherd runlog FILE`; a dump tells what goroutines wait for.
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
sentence-kind-unusable-one = one that cannot be used: { $why }
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
sentence-error-no-profile = { $path } is stripped: no symbol says where its memory profile is (runtime.mbuckets)
sentence-error-not-sampled = { $path } samples no allocations: runtime.MemProfileRate is 0, as it is where nothing in a program reads the profile
sentence-error-objects = the heap has room for { $n } objects, who holds them is told of at most { $m }
sentence-next-objects = Leave out --holders: what is in use, and who allocated it, needs no notes.
sentence-error-what-memory-profile = the memory profile (runtime.mbuckets)
sentence-error-what-memory-record = a record of the memory profile
sentence-error-memory-end = the list of the memory profile's records has no end
sentence-error-memory-nowhere = the list of the memory profile's records leads nowhere
sentence-error-memory-none = a record of the memory profile is none
sentence-error-memory-stack = a record of the memory profile has no stack
sentence-error-memory-hash = a record of the memory profile is not what its hash says
sentence-note-memory-torn = collections went on while the profile was read: some of its figures are of before one, some of after
sentence-next-no-profile = Ask the service itself, :PORT/debug/pprof/heap, or build it without `-ldflags=-s`.
sentence-next-not-sampled = Import net/http/pprof or runtime/pprof in it, and leave runtime.MemProfileRate as it is.
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
sentence-error-not-a-profile = { $target }: no profile found: this is { $what }
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
sentence-error-holders = { $option }: a profile tells who allocated what is in use, not who holds it
sentence-next-holders = Give the process, `pid:N`, or a core file, `core:FILE`.
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
sentence-do-give-profile = Give goherd what an address below /debug/pprof answers, or a goroutine dump.
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
sentence-shared-no-profile = a target holds no profile
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
sentence-shared-config = the configuration cannot be used
sentence-lint-no-rule-nearest = no rule is called `{ $name }`; did you mean { $nearest }?
sentence-lint-no-rule = no rule is called `{ $name }`
sentence-lint-seen-elsewhere = source does not show { $name }: other witnesses do
sentence-lint-no-rule-next = `goherd explain` lists all patterns; a rule is named by its id, or by what ids start with, such as LK.
sentence-lint-no-folder = { $path } is no folder
sentence-lint-no-folder-next = Give a folder of a Go module.
sentence-config-unreadable-next = Name a file that is there with --config FILE, or leave it out with --no-config.
sentence-config-malformed-next = docs/schema/goherd-toml.schema.json says what may stand there; --no-config does without.
sentence-config-unknown-nearest = { $path }: line { $n }: unknown field `{ $key }`; did you mean `{ $nearest }`?
sentence-config-malformed = { $path }: line { $n }: { $why }
sentence-git-not-run = git cannot be run: { $why }
sentence-git-says = git says: { $why }
sentence-git-no-revision = git knows no revision `{ $rev }` here
sentence-git-not-run-next = Put git on the PATH.
sentence-git-no-copy-next = Run it in a git working copy.
sentence-git-no-revision-next = Name a branch, tag or commit; in CI fetch it first, such as with `fetch-depth: 0`.
sentence-git-diff-next = `git diff` in the folder says more.
sentence-lint-baseline-unused = entries of the baseline that match nothing that was found: { $n }
sentence-lint-ignore-unused = { $place }: goherd:ignore { $names } keeps nothing back
sentence-mend-unreadable = { $path } is not mended: it could not be read afterwards
sentence-mend-would = { $n } repairs in { $m } files
sentence-mend-would-left = { $n } repairs in { $m } files; { $l } repairs would be left
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

# Gates: capacity, worth, rollout.
gate-pass = pass
gate-fail = fail
gate-inconclusive = inconclusive
doubt-refuses = no answer: { $doubt }
hidden-rows = { $n ->
    [one] { $count } row without goroutines and memory
   *[other] { $count } rows without goroutines and memory
  }
hidden-points = { $n ->
    [one] { $count } point not drawn
   *[other] { $count } points not drawn
  }
capacity-pass = pass: { $at } need { $memory } of memory ({ $low } to { $high }), within the limit of { $limit }
capacity-fail = fail: { $at } need { $memory } of memory ({ $low } to { $high }), above the limit of { $limit }
capacity-open = inconclusive: { $at } need { $memory } of memory ({ $low } to { $high }), too near to the limit of { $limit } to tell
capacity-predicted = { $at } need { $memory } of memory ({ $low } to { $high })
capacity-model = memory follows { $model }
capacity-refused = inconclusive: { $doubt }
capacity-title = What the model rests on
capacity-rows = { $rows } rows at { $levels } different numbers of goroutines, from { $from } to { $to }
capacity-extrapolated = this is beyond what was measured ({ $to } goroutines at most): the bounds hold only while the law does
capacity-limit-both = { $limit } is passed at { $expected } goroutines, and may be from { $earliest } on
capacity-limit-earliest = { $limit } may be passed from { $earliest } goroutines on
capacity-limit-none = { $limit } is not reached up to three times the goroutines measured
capacity-doubt-few-rows = { $found } rows have goroutines and memory; a model needs { $wanted }
capacity-doubt-few-levels = the rows have { $found } different numbers of goroutines; a curve needs { $wanted }
capacity-doubt-narrow-range = the most goroutines are { $found } times the fewest; below { $wanted } times every curve is a line
capacity-doubt-no-fit = no model could be fitted to these rows
capacity-doubt-unexplained = goroutines explain { $found } of memory's variance; a model needs { $wanted }
capacity-doubt-shape = residuals next to each other are alike (Durbin–Watson { $found }, 2 if independent): the curve has another shape, or rows depend on each other
capacity-doubt-spread = residuals spread unevenly (Breusch–Pagan, Koenker: p = { $found }): bounds are too narrow on one side
capacity-doubt-skewed = residuals are skewed (G1 { $found }): bounds are too narrow on that side
capacity-doubt-disagreement = models the rows support as well say otherwise
capacity-doubt-far-beyond = { $found } times the most goroutines measured are asked about; up to { $wanted } times are answered
capacity-models = Models of memory M over goroutines C
capacity-head-model = MODEL
capacity-head-fit = FIT
capacity-head-aic = AIC
capacity-head-cv = CV ERROR
capacity-fit-log-quadratic = OLS, ln M
capacity-fit-power-law-ols = OLS, ln M
capacity-fit-power-law-nls = NLS, M
capacity-legend = AIC of M itself, least first; CV error: typical error of a row predicted by the others; DW: Durbin–Watson in the order of goroutines; BP p: Breusch–Pagan in Koenker's form; S–L p: scale–location; QQ r: correlation with normal quantiles
capacity-throughput = Throughput and latency
capacity-usl = Universal Scalability Law (NLS): λ { $lambda }/s, α { $alpha }, β { $beta }; R² { $fit }, Durbin–Watson { $dw }
capacity-peak = throughput peaks at { $peak } goroutines with { $qps }/s
capacity-peak-beyond = throughput would peak at { $peak } goroutines with { $qps }/s, beyond what was measured
capacity-no-peak = throughput has no peak by this law
capacity-latency = latency follows a + b(N − 1) + cN(N − 1) (OLS); R² { $fit }, Durbin–Watson { $dw }
capacity-latency-at = latency at { $at }: { $value } ms ({ $low } to { $high }) by a + b(N − 1) + cN(N − 1) (OLS); R² { $fit }, Durbin–Watson { $dw }
capacity-plot-fit = Memory over goroutines
capacity-plot-residuals = Studentised residuals over the fit
capacity-plot-quantiles = Normal quantiles of the residuals
roi-score = score { $score } of 1 ({ $low } to { $high }, { $confidence })
roi-refused = inconclusive: the two periods do not compare
roi-title = What the change is worth
roi-head-part = PART
roi-head-before = BEFORE
roi-head-after = AFTER
roi-head-gain = GAIN
roi-head-bounds = BOUNDS
roi-head-adds = ADDS
roi-part-latency = P99 latency, ms
roi-part-gc-pause = GC pause, ms
roi-part-goroutines = goroutines
roi-period-before = before: { $rows } rows from { $from }, { $time } long
roi-period-after = after: { $rows } rows from { $from }, { $time } long
roi-legend = score = 0.5·min(1, latency gain / 30 %) + 0.3·min(1, pause saved / 20 ms) + 0.2·min(1, goroutine drop / 40 %); bounds: moving-block bootstrap, { $resamples } resamples
roi-doubt-no-time = rows have no time ({ $before } before and { $after } after have one), so nobody can tell whether the periods are alike
roi-doubt-weekday = the periods begin on different weekdays: { $before } and { $after }
roi-doubt-hour = the periods begin at different hours: { $before } and { $after } UTC
roi-doubt-length = the periods are of different length: { $before } and { $after }
roi-doubt-few-rows = { $before } rows before and { $after } after have latency, pause and goroutines; each side needs 20
roi-doubt-coverage = one period has gaps: { $before } rows and { $after }
roi-doubt-traffic = traffic differs: { $before } and { $after } requests a second

# What settings of the runtime do to a command.
tune-title = Effects
tune-served = What the command served of its runtime
tune-head-answers = ANSWERS
tune-head-heap = HEAP
tune-head-goroutines = GOROUTINES
tune-head-gc-cpu-served = GC CPU %
tune-head-pause-mean = PAUSE MEAN ms
tune-head-limited = LIMITED
tune-served-legend = medians of the runs: the median heap and the most goroutines of each, the collector's share of all CPU time there was, idle marking included, and the mean stop a collection; limited: runs in which the runtime held the collector back
tune-spread = Spread of the runs
tune-head-setting = SETTING
tune-head-runs = RUNS
tune-head-throughput = THROUGHPUT
tune-head-cpu = CPU S
tune-head-collections = GCS
tune-head-gc-cpu = GC CPU %
tune-head-assist = ASSIST %
tune-head-pause-p99 = P99 MS
tune-head-pause-max = MAX MS
tune-head-rss = RSS
tune-head-wall = WALL S
tune-head-measure-change = CHANGE
tune-head-rss-change = RSS CHANGE
tune-base = base
tune-as-is = as it is
tune-same = about the same
tune-less = { $percent } % less
tune-more = { $percent } % more
tune-measure-cpu = CPU time
tune-measure-throughput = throughput
tune-faster = { $setting }: { $measure } { $change } than under { $base }, for { $memory } memory ({ $rss } against { $baserss })
tune-smaller = { $setting }: { $memory } memory than under { $base } ({ $rss } against { $baserss }) at { $measure } { $change }
tune-keep = stay at { $setting }: no other setting is better by more than 5 %, and some are worse or cost memory
tune-refused = inconclusive: the runs do not tell the settings apart
tune-runs = { $command }; runs of each setting: { $runs }, in an order drawn from seed { $seed }; figures are medians
tune-legend = GC CPU %: the collector's share of the time of all processors, marking on idle ones left out; ASSIST %: what allocating goroutines gave of that; P99 and MAX MS: pauses; CHANGE: of what is judged by, against the base, and ? where it is below 5 % or chance explains it (Welch's test, p < 0.05 over all comparisons)
tune-doubt-few-runs = { $count } runs of a setting are fewer than the 3 a comparison takes; give --runs
tune-doubt-one-setting = there is nothing to compare with; give a second value
tune-doubt-within-noise = the settings differ by less than 5 %, or by no more than the runs of one setting do; give more --runs, a longer command or values further apart
tune-doubt-no-trace = none of { $count } runs printed a collection: the command is no Go program, sends its standard error elsewhere, or never collects
tune-doubt-lost-records = { $count } records of the runtime were cut by other output and are missing; where the command logs much, keep it off standard error
tune-doubt-mixed-programs = several Go programs printed in { $count } runs, as under `go run` or `go test`; their collections are added up
tune-doubt-stopped = { $count } runs were ended by the time given; CPU time compares only where each had the same load
progress-running = run { $index } of { $of }: { $setting }
weekday-0 = Monday
weekday-1 = Tuesday
weekday-2 = Wednesday
weekday-3 = Thursday
weekday-4 = Friday
weekday-5 = Saturday
weekday-6 = Sunday
guard-pass = pass: treatment keeps every limit
guard-fail = fail: treatment breaks a limit: { $checks }
guard-inconclusive = inconclusive: too little to tell: { $checks }
guard-success-drop = success against control
guard-latency-rise = latency against control
guard-success-floor = success rate
guard-latency-ceiling = latency
guard-points = { $value } pp
guard-list = { ", " }
guard-parts = { "; " }
guard-title = Limits
guard-arms = Sides
guard-head-check = CHECK
guard-head-verdict = VERDICT
guard-head-value = VALUE
guard-head-bounds = BOUNDS
guard-head-limit = LIMIT
guard-head-p = P
guard-control = control
guard-treatment = treatment
guard-unmeasured = { $check }: nothing was measured; --only leaves it out
guard-needs-requests = { $check }: { $observed } requests on the smaller side; ask again at about { $needed }, when figures that stay as they are decide it with a chance of 80 %
guard-needs-rows = { $check }: { $observed } rows on the smaller side; ask again at about { $needed }, when figures that stay as they are decide it with a chance of 80 %
guard-at-limit = { $check }: the figure stands at its limit, so more requests may not decide it
guard-legend = bounds and p hold at any look (mSPRT); all checks together fail a rollout without difference with a chance of { $alpha } at most
guard-arm-rows = { $arm }: { $rows } rows
guard-arm-requests = { $requests } requests, { $failures } failed (dispersion { $spread })
guard-arm-latency = latency { $latency } ms (sd { $sd }, autocorrelation { $alike })
sentence-note-cell = { $name }: line { $n }, column `{ $column }`: `{ $value }` is no number; the row is left out
sentence-note-cells = { $n } more rows are left out, as a figure in them is none
sentence-note-rows-limit = { $n } rows beyond the limit of { $m } are not read
sentence-note-rows-undated = { $n } rows have a time that cannot be read
sentence-error-table-empty = { $name }: it is empty
sentence-error-table-column = { $name }: line { $n }: no column is `{ $measure }`; there are: { $columns }
sentence-error-table-ambiguous = { $name }: line { $n }: several columns could be `{ $measure }`: { $columns }
sentence-error-table-unknown = { $name }: line { $n }: there is no column `{ $column }`; there are: { $columns }
sentence-error-table-no-row = { $name }: line { $n }, column `{ $column }`: `{ $value }` is no number, and no other row can be read
sentence-error-table-no-figures = { $name }: it has columns and no row with a figure
sentence-error-table-header = { $name }: line { $n }: this is no header of CSV, and no JSON
sentence-error-table-unknown-all = { $name }: line { $n }: no column of it is known ({ $words }); its first line is the header
sentence-error-table-object = { $name }: line { $n }: this is no JSON object: { $why }
sentence-error-table-answer = { $name }: line { $n }: this is no whole answer of Prometheus: { $why }
sentence-error-prometheus-error = { $name }: Prometheus answers an error: { $why }
sentence-error-prometheus-kind = { $name }: Prometheus answers a { $kind }, not a matrix: ask /api/v1/query_range
sentence-error-prometheus-none = { $name }: Prometheus answers no series: the query matches nothing in this time
sentence-error-no-model = draw the model: none could be fitted
sentence-next-columns = Say which column is which: `--columns goroutines=NAME,memory=NAME`.
sentence-next-table = Give CSV with a header, one JSON object a line, or what Prometheus answers to /api/v1/query_range.
sentence-next-query = Check the query and its time in Prometheus, and save the answer of /api/v1/query_range.
sentence-next-measures = The measures are { $words }.
sentence-why-no-measure = `{ $word }` is no MEASURE=COLUMN
sentence-why-no-table = { $target } holds no measurements
sentence-next-no-table = Name a FILE, `-` or an http(s) address that answers CSV, JSON or a range query.
sentence-shared-table = a table of measurements cannot be used

# What differs between two profiles.
diff-pass = pass: nothing of the application costs more than chance and the smallest effect explain
diff-fail = fail: { $first }
diff-fail-more = fail: { $first }, and { $more } more
diff-inconclusive = inconclusive: { $why }
diff-told-new = { $function } is new with { $after }
diff-told-gone = { $function } is gone
diff-told-more = { $function } has { $ratio } as much: { $before } → { $after }
diff-told-less = { $function } has { $ratio } as much: { $before } → { $after }
diff-told-longer = { $function } waits { $ratio } as long: { $before } → { $after }
diff-told-shorter = { $function } waits { $ratio } as long: { $before } → { $after }
diff-told-deeper = { $function } stands deeper
diff-told-shallower = { $function } stands less deep
diff-told-moved = { $function } took over work from others
diff-culprits = What got worse
diff-others = What else changed
diff-others-legend = none of these decides the verdict: by itself each may be chance, too small to matter, an improvement, or explained by a function above
diff-structure = Names and structure
diff-head-function = FUNCTION
diff-head-change = CHANGE
diff-head-before = BEFORE
diff-head-after = AFTER
diff-head-ratio = TIMES
diff-head-depth = DEPTH
diff-head-q = Q
diff-change-new = new
diff-change-gone = gone
diff-change-more = more
diff-change-less = less
diff-change-longer = longer
diff-change-shorter = shorter
diff-change-deeper = deeper
diff-change-shallower = shallower
diff-change-moved = moved here
diff-renamed = { $after } (was { $before })
diff-path = most of it on { $calls }
diff-rename = { $before } is { $after } now (likeness { $score } of 1)
diff-wrapper = { $function } was put around { $around } and costs nothing itself
diff-unwrapped = { $function } around { $around } is gone, and cost nothing itself
diff-compared = Compared: { $kind }, { $measure }
diff-before = before: { $total } in { $count } counts, { $stacks } stacks, mean depth { $depth }
diff-after = after: { $total } in { $count } counts, { $stacks } stacks, mean depth { $depth }
diff-seconds = { $seconds } s
diff-runs = { $runs } profiles
diff-parts = { "; " }
diff-exposure-median = functions that did not change have { $times } as much after as before (median): changes are held against that
diff-exposure-durations = changes are held against the durations, { $times }, and against the totals
diff-exposure-totals = changes are held against the totals, { $times }
diff-exposure-counted = everything is counted: changes are held against { $times } of before, and against more where connections or most functions show more load
diff-matched = stacks found again: { $exact } as they were, { $renamed } under other names, { $near } with other calls between; { $alone } stand on one side only; cosine of functions { $cosine } (shown, never judged)
diff-detectable = a function with a tenth of all would be seen from { $times } on
diff-thresholds = S10's thresholds, asked for by --thresholds: depth by 2, frequency by 30 %, delay by 50 %, whatever chance does; they fail almost every comparison of a program with itself
diff-doubt-empty = a side holds nothing: take profiles under load, and of block or mutex with the rate set
diff-doubt-samples = { $count } samples on the smaller side: a function with a tenth of all is seen from { $times } on, and a doubling must be; take longer profiles, or several with --before and --after
diff-doubt-contentions = { $count } contentions on the smaller side: fewer than 30 say nothing of a mean
diff-doubt-load-unclear = something grew if there was { $times } as much to do, as most functions tell, and nothing if there was as much more as the time that was looked; take both sides at one load, or several of each (--before A… --after B…)
diff-doubt-loads = delays are longer, and there was { $times } as much to do: queues grow faster than loads; take both sides at one load
diff-doubt-application = every function is the standard library's: nothing of yours can be judged
diff-doubt-functions = fewer than 3 functions with enough samples: what changed and what there was more of is told by durations or totals
trace-diff-pass = pass: nothing in the traces takes longer, waits anew or piles up by more than chance and the smallest effect explain
trace-diff-told-new = { $what } is new: { $after }
trace-diff-told-gone = { $what } is gone
trace-diff-told-longer = { $what } takes { $ratio } as long: { $before } → { $after }
trace-diff-told-shorter = { $what } takes { $ratio } as long: { $before } → { $after }
trace-diff-told-more = { $what }: { $before } → { $after }, { $ratio } as many as load and time explain
trace-diff-told-fewer = { $what }: { $before } → { $after }, { $ratio } as many as load and time explain
trace-diff-told-same = { $what }: { $before } → { $after }
trace-diff-change-new = new
trace-diff-change-gone = gone
trace-diff-change-longer = longer
trace-diff-change-shorter = shorter
trace-diff-change-more = more
trace-diff-change-fewer = fewer
trace-diff-change-same = same
trace-diff-what-wait = wait ({ $name })
trace-diff-what-syscall = system call
trace-diff-what-assist = assist of the collector
trace-diff-what-left = goroutines left waiting ({ $name })
trace-diff-what-task = task { $name }
trace-diff-what-region = region { $name }
trace-diff-what-life = life of { $name }
trace-diff-what-created = goroutines { $name }
trace-diff-what-collection = collections, marking
trace-diff-what-pause = stop of the world ({ $name })
trace-diff-what-latency = wait for a P
trace-diff-what-utilization = Ps busy
trace-diff-at = { $what } at { $at }
trace-diff-head-what = WHAT, WHERE
trace-diff-same = What stayed
trace-diff-same-legend = times each second and how long each takes; waits for a P and stops of the world are told, and never judged: a busy machine has both
trace-diff-others-legend = none of these decides the verdict: by itself each may be chance, too small to matter, an improvement, idle goroutines, or explained by what is above
trace-diff-compared = Compared: execution traces
trace-diff-before = before: { $span } traced (traces: { $runs }), { $waits } waits ended, { $created } goroutines created
trace-diff-after = after: { $span } traced (traces: { $runs }), { $waits } waits ended, { $created } goroutines created
trace-diff-load = places have { $load } as many waits a second, and waits are { $pace } as long (medians over places); for as much that was done goroutines ran { $computing } as long
trace-diff-detectable = a wait with a tenth of all would be seen from { $times } on
trace-diff-doubt-empty = a side has no waits of the program: trace it under load
trace-diff-doubt-few = { $waits } waits on the smaller side: one with a tenth of all is seen from { $times } on, and from 4× on must be; trace for longer, or give several traces with --before and --after
trace-diff-doubt-damaged = a trace is damaged: what is missing may be what changed
trace-diff-doubt-loads = waits are longer, and there was { $times } as much to do: queues grow faster than loads, and idle goroutines wait longer; trace both sides at one load
trace-diff-doubt-computing = waits are longer, and for as much that was done goroutines ran { $times } as long: who waits for them, or for a P, waits longer; compare CPU profiles to tell the program from a slower machine
trace-diff-doubt-busy = Ps are busy { $busy } of the time: how long queues are is chance then; trace both sides with CPU to spare
trace-diff-doubt-slower = most waits are { $times } as long: a slower machine does that, and so does a change all of them feel; trace both sides on one quiet machine, or several times each (--before A… --after B…)

# What a heap holds.
heap-whole = { $inuse } in use in { $objects } objects, { $alloc } allocated since the process started
heap-over = { $inuse } more in use in { $objects } objects after { $seconds } s, { $alloc } allocated in them
heap-most = { $function } allocates most: { $alloc }
heap-grows = { $line } grows by { $bytes }, beyond what sampling explains
heap-still = nothing grows beyond what sampling explains
heap-parts = { "; " }
heap-by-bytes = Allocated, by bytes
heap-by-objects = Allocated, by objects
heap-residents = In use, above 1 MiB
heap-growth = Growth
heap-escapes = Escapes, by what they cost
heap-head-alloc = ALLOCATED
heap-head-objects = OBJECTS
heap-head-mean = MEAN
heap-head-inuse = IN USE
heap-head-survives = SURVIVES
heap-head-function = FUNCTION
heap-head-line = LINE
heap-head-error = ERROR
heap-head-before = BEFORE
heap-head-after = AFTER
heap-head-change = CHANGE
heap-head-verdict = VERDICT
heap-head-per-s = PER SECOND
heap-head-what = ESCAPES
heap-grows-row = grows
heap-shrinks-row = shrinks
heap-within-error-row = within error
heap-called-from = { $line } for { $caller }
heap-unnamed = (not named)
heap-resident = { $line }: { $bytes } of it by way of { $calls }
heap-resident-uncertain = { $line }: sampling leaves open whether it is more than 1 MiB; { $bytes } of it by way of { $calls }
heap-resident-uncertain-first = { $line }: sampling leaves open whether it is more than 1 MiB
heap-no-resident = no line has more than 1 MiB in use
heap-holder = a profile tells who allocated what is in use, not who holds it: `goherd heap PID --holders` or `goherd heap core:FILE` tells that
heap-holders = Who holds it
heap-held-lines = Who holds what, by line
heap-head-held = HELD
heap-head-share = SHARE
heap-head-samples = SAMPLES
heap-head-holder = REACHED BY
heap-root-runtime = { $name }, a variable of the runtime
heap-root-finalizer = a finalizer, cleanup or weak pointer
heap-root-other = memory outside Go's heap (C, or the runtime's own)
heap-root-register = a register
heap-root-goroutine = goroutine { $id } in { $at }
heap-root-goroutines = { $count } goroutines in { $at }
heap-roots-left-out = { $n ->
    [one] { $count } other root is not listed
   *[other] { $count } other roots are not listed
}
heap-unreached = { $objects } samples of { $bytes } are reached by nothing: garbage that is not swept yet
heap-held-legend = bytes are what { $objects } sampled objects stand for, reached by way of any word that may be a pointer ({ $looked } looked through): evidence, not proof; variables are asked before goroutines, and the shortest way is told
heap-way = { $line }: { $way }
heap-steps-left-out = { $n ->
    [one] { $count } more step
   *[other] { $count } more steps
}
heap-site-left-out = { $line }: roots not listed: { $n }
heap-site-unreached = { $line }: { $objects } samples of { $bytes } are reached by nothing
sentence-note-holders-untold = who holds what is in use cannot be told: { $why }
heap-between = { $seconds } s lie between the two heaps
heap-reversed = the second heap is older than the first by { $seconds } s: give the earlier one first
heap-one-process = what both heaps hold was sampled once, as in one process: only what came or went is a source of error
heap-two-processes = counts fall between the two, so they are of two processes, or of one that was started again: the errors of both add up
heap-growth-legend = { $lines } lines compared, errors at 95 %, at most 5 % of those that are said to grow or shrink do so by chance; load that rose explains growth as well as a leak does
heap-rate = an object each { $rate } is sampled on average and stands for the others; errors are of 95 % intervals
heap-rate-all = every object is counted
heap-rate-unknown = the profile does not say how it was sampled: errors are unknown
heap-profiler = writing profiles allocated { $alloc } and has { $inuse } in use, which no row counts
heap-difference = the profile is the difference between two heaps: what is in use is what was added
heap-why = { $line }: { $what } escapes by { $why }
heap-inlined = { $line }: the code stands in { $inner } and was inlined
heap-joined = { $joined } of the bytes allocated are of these escapes; { $lines } of other lines of these files, such as maps and slices that grow; { $files } of files the compiler's output does not name
heap-escapes-seen = { $seen } of { $all } escapes were seen to allocate; several at one line share its costs
heap-ambiguous = { $n ->
    [one] { $count } file of the profile could be several of the compiler's, and is left out
   *[other] { $count } files of the profile could be several of the compiler's, and are left out
}
hidden-lines-not-listed = lines not listed: { $count }
hidden-residents-not-listed = residents not listed: { $count }
hidden-growth-not-listed = changes not listed: { $count }
hidden-escapes-not-listed = lines with escapes not listed: { $count }
hidden-locks-not-listed = contended lines not listed: { $count }
hidden-runtime-locks-not-listed = locks of the runtime not listed: { $count }

# Where goroutines wait for each other.
locks-none = nothing was contended
locks-most-mutex = others waited { $delay } for locks in { $count } contentions; { $share } until { $line } let go
locks-most-block = goroutines waited { $delay } in { $count } waits, { $share } at { $line }
locks-most-contention = { $delay } of waiting in { $count } contentions, { $share } at { $line }
locks-title-mutex = Who lets go of what others wait for
locks-title-block = Who waits
locks-title-contention = Contention, block or mutex
locks-title-runtime = Inside the runtime
locks-head-delay = DELAY
locks-head-share = SHARE
locks-head-count = COUNT
locks-head-mean = MEAN
locks-head-role = DOES
locks-head-line = LINE
locks-role-unlocks = unlocks
locks-role-waits-for-lock = waits for a lock
locks-role-receives = receives
locks-role-sends = sends
locks-role-selects = selects
locks-role-waits-for-group = waits for a group
locks-role-waits-for-condition = waits for a condition
locks-role-runtime = runtime
locks-role-other = waits
locks-told-unlocks = { $line }: others waited { $delay } in all, { $mean } each, until this line let go ({ $operation })
locks-told-waits-for-lock = { $line }: waited { $delay } in all, { $mean } each, for a lock ({ $operation })
locks-told-receives = { $line }: waited { $delay } in all, { $mean } each, for a value ({ $operation })
locks-told-sends = { $line }: waited { $delay } in all, { $mean } each, for a receiver ({ $operation })
locks-told-selects = { $line }: waited { $delay } in all, { $mean } each, for a case of its select ({ $operation })
locks-told-waits-for-group = { $line }: waited { $delay } in all, { $mean } each, for the goroutines of a group ({ $operation })
locks-told-waits-for-condition = { $line }: waited { $delay } in all, { $mean } each, for a signal ({ $operation })
locks-told-runtime = { $line }: { $delay } in all, { $mean } each, inside the runtime ({ $operation })
locks-told-other = { $line }: waited { $delay } in all, { $mean } each ({ $operation })
locks-called-from = { $words }, called from { $callers }
locks-legend-mutex = Go charges the one that unlocks with the time others waited for it: this code held the lock, and the waiters stand elsewhere; the block profile tells where
locks-legend-block = charged to the one that waits: a goroutine that waits for work is healthy, and waits here all its life
locks-legend-contention = the profile does not say whether it is of waiters (block) or of those that unlock (mutex)
locks-legend-runtime = locks and waits of the runtime itself: no line of the program is at fault; many of them mean many collections, timers or goroutines
locks-empty-mutex = nobody waited, or the program does not count: runtime.SetMutexProfileFraction sets how many contentions it does
locks-empty-block = nobody waited, or the program does not count: runtime.SetBlockProfileRate sets which waits it does
locks-empty-contention = nobody waited, or the program does not count
locks-sums = figures are sums of { $profiles } profiles; each counts since its process started, so several of one process would count twice
locks-over = { $target } was taken over { $seconds } s
sentence-error-no-locks = draw the heat map: nothing was contended
sentence-why-not-heap = { $name } is a { $kind } profile, not one of the heap
sentence-why-not-locks = { $name } is a { $kind } profile, not one of block or mutex
sentence-why-no-escape = { $name } tells of no escape
sentence-why-many-files = { $name } holds more than { $n } files
sentence-next-heap = Give what /debug/pprof/heap or allocs answers; `goherd flame` shows any profile.
sentence-next-locks = Give what /debug/pprof/mutex or block answers; `goherd flame` shows any profile.
sentence-next-escape = Save what `go build -gcflags=-m=2 ./...` prints on stderr, or give the folder of `-gcflags=-json=0,DIR`; a build from the cache writes no JSON.
sentence-next-escape-folder = Give the folder the compiler wrote to, and nothing else in it.
sentence-note-escape-lines = { $name }: { $n } lines that cannot be read were left out
sentence-note-escape-limit = { $n } escapes beyond { $m } or in files beyond { $k } were left out

# What an execution trace shows.
trace-sentence = { $span } of trace: { $created } goroutines created, { $ended } ended, { $alive } alive at the end; longest waits: { $waits }
trace-sentence-bare = { $span } of trace: { $created } goroutines created, { $ended } ended, { $alive } alive at the end
trace-wait = { $reason } { $share }
trace-title-reasons = What goroutines waited for
trace-title-system = What the runtime's own goroutines waited for
trace-title-sites = Where goroutines come from
trace-title-latency = Waiting for a P
trace-title-syscalls = System calls
trace-title-pauses = Stops of the world
trace-title-collections = Collections
trace-title-tasks = Tasks and regions
trace-title-cpu = Where the CPU went
trace-head-share = SHARE
trace-head-total = TOTAL
trace-head-count = COUNT
trace-head-mean = MEAN
trace-head-p50 = P50
trace-head-p99 = P99
trace-head-max = MAX
trace-head-open = UNFINISHED
trace-head-reason = REASON
trace-head-created = CREATED
trace-head-ended = ENDED
trace-head-alive = ALIVE
trace-head-running = RUNNING
trace-head-waiting = WAITING
trace-head-waits = WAITS FOR
trace-head-entry = GOROUTINE ← CREATED BY
trace-head-kind = WHY
trace-head-at = AT
trace-head-marking = MARKING
trace-head-heap = HEAP → GOAL
trace-head-paused = PAUSED
trace-head-assisted = ASSISTED
trace-head-trigger = BEGUN BY
trace-head-name = NAME
trace-head-samples = SAMPLES
trace-head-goroutines = GOROUTINES
trace-head-after = AFTER WAITING FOR
trace-head-line = STACK
trace-head-task-kind = KIND
trace-kind-task = task
trace-kind-region = region
trace-at-stack = { $reason }: { $total } in { $count } waits at { $stack }
trace-open-legend = counted up to the end of the trace, and no part of the other tables; Go's own tools leave these waits out
trace-title-unfinished = Who still waited when the trace ended
trace-head-new = CREATED IN IT
hidden-unfinished-not-listed = places where goroutines still waited not listed: { $count }
trace-times-go = times are moved as Go's own tools do, each event later than the one before
trace-latency = { $count } times a goroutine was ready and waited { $mean } on average for a P: half of them { $p50 } or less, 99 % { $p99 } or less, at most { $max }
trace-procs = { $procs } Ps were busy { $share } of the time
trace-states = all goroutines together ran { $running }, were ready for { $runnable }, in system calls { $syscall }, and waited { $waiting }
trace-syscalls = { $count } system calls took { $total }, { $mean } on average, at most { $max }; { $blocked } lost their P meanwhile
trace-syscalls-open = { $count } had not come back when the trace ended, the longest after { $max }
trace-syscall-at = { $total } in { $count } calls at { $stack }
trace-stop-longest = the longest, { $pause } at { $at }: { $kind }, by { $by }
trace-stop-delayed = the longest, { $pause } at { $at }: { $kind }, by { $by }; goroutine { $goroutine } stopped last, after { $after }, at { $stack }
trace-marking = { $cycles } collections were marking { $share } of the time; workers { $dedicated } dedicated, { $fractional } fractional, { $idle } on idle Ps
trace-assists = { $count } assists took { $total }, at most { $max }: goroutines that had to mark before they could allocate
trace-assist-at = assists: { $total } in { $count } at { $stack }
trace-trigger-heap = heap trigger
trace-trigger-call = runtime.GC
trace-trigger-free-os-memory = debug.FreeOSMemory
trace-trigger-timer = two minutes without one
trace-trigger-unknown = before the trace, or not told
trace-hot = most CPU from { $from } to { $to }: { $samples } samples, { $marking } of them while marking; { $stack }
trace-log = { $count } log lines of { $name }
hidden-profile-stacks-not-listed = stacks of the CPU profile not listed: { $count }
hidden-labels-not-listed = labels of the CPU profile not listed: { $count }
hidden-allocators-not-listed = allocating stacks not listed: { $count }
trace-title-allocating = Who was allocating when the profiler looked
trace-allocating = { $samples } samples were taken inside the allocator, { $assisting } of them in an assist
trace-hot-goroutine = in it goroutine { $goroutine } was seen most often: { $samples } samples, most of them at { $stack }
trace-hot-goroutine-after = in it goroutine { $goroutine } was seen most often: { $samples } samples, most of them at { $stack }; before, it had waited for { $after }
trace-hot-meanwhile = meanwhile marking was under way { $share } of the time, the world stood for { $paused } in { $pauses } stops, and goroutines assisted for { $assisted } in { $assists } assists
trace-title-beside-cpu = The CPU profile beside the trace
trace-head-cpu = CPU
trace-head-in-trace = IN THE TRACE
trace-beside-inside = { $cpu } of CPU, taken from { $from } to { $to } of the trace: all of it inside
trace-beside-partly = { $cpu } of CPU, taken from { $from } to { $to } on the clock of the trace: { $share } of its time lies inside; which of its samples do, it does not tell
trace-beside-apart = { $cpu } of CPU, taken from { $from } to { $to } on the clock of the trace: none of it inside
trace-beside-unknown = { $cpu } of CPU, taken at a time that cannot be placed in the trace
trace-beside-both = { $samples } samples here, { $trace } in the trace at that time, { $both } with the same functions in both: the runtime writes each sample to both, so they are not added up
trace-beside-label = { $label }: { $samples } samples, { $cpu }
trace-title-allocators = Who allocates
trace-head-bytes = BYTES
trace-head-rate = RATE
trace-head-objects = OBJECTS
trace-allocators-over = { $bytes } in { $time }, { $rate }; estimates from the profiler's samples
trace-allocators-whole = { $bytes } since the process started; how much of it while the trace was taken, such a profile does not tell. Estimates from the profiler's samples
trace-title-paid = Who allocates what the assists pay for
trace-head-of-assists = OF ASSISTS
trace-head-of-bytes = OF BYTES
trace-head-function = FUNCTION
trace-paid-legend = time and number of assists and samples inside the allocator are the trace's, bytes the profile's, joined by the program's innermost function
sentence-note-beside-unknown = the CPU profile is not placed on the trace's clock: { $why }
sentence-note-beside-no-wall = the trace tells no time of day, as none does before Go 1.25
sentence-note-beside-several = several traces have no clock in common
sentence-note-beside-no-time = the profile does not say when it was taken, or for how long
sentence-note-beside-before = the CPU profile ends { $n } s before the trace begins: it shows nothing of the trace's time
sentence-note-beside-behind = the CPU profile begins { $n } s after the trace ends: it shows nothing of the trace's time
sentence-note-beside-other = the CPU profile has { $n } samples of the trace's time and the trace has none: the runtime writes each sample to both, so they are of two processes
sentence-note-no-goroutines = a profile of allocations shows no goroutines: take a dump of the process, too
hidden-sites-not-listed = creation sites not listed: { $count }
hidden-marks-not-followed = tasks and regions not followed: { $count }
sentence-cost-traced = tracing takes a service 1 to 2 % of its CPU, and stops the world for an instant at either end
sentence-note-trace-bytes = { $n } bytes hold no batch and were passed over, in generation { $m }
sentence-note-trace-cut = the trace ends inside a batch of generation { $m }: { $n } bytes of it are missing
sentence-note-trace-unfinished = the trace ends before its generation { $m } does
sentence-note-trace-no-end = generation { $m } has no end
sentence-note-trace-events = an event of generation { $m } cannot be read; { $n } bytes of its batch were passed over
sentence-note-trace-table = a table of generation { $m } cannot be read on; { $n } bytes of it were passed over
sentence-note-trace-stacks = stacks of generation { $m } are not in the trace: its events are told without places
sentence-note-trace-texts = texts of generation { $m } are not in the trace: places in it have no names
sentence-note-trace-generations = generations before generation { $m } are missing, by their numbers
sentence-note-trace-another = another trace begins here; its goroutines are other ones, and times are added up
sentence-note-trace-order = { $n } events could not follow those before them and were taken in the order of their times, the first in generation { $m }
sentence-error-not-a-trace = { $target }: no execution trace found: this is { $what }
sentence-error-trace-old = { $target }: this trace was written by Go 1.{ $n } in the format that ended with Go 1.21
sentence-error-trace-new = { $target }: this trace has the format of Go 1.{ $n }, which this version of goherd does not know
sentence-error-trace-empty = { $target }: this trace ends behind its header: there is no event in it
sentence-do-give-trace = Take one with `curl -o trace http://HOST:PORT/debug/pprof/trace?seconds=5`, or name the service.
sentence-do-newer-go = Build the service with Go 1.22 or later, or look at it with the `go tool trace` of its Go.
sentence-do-newer-goherd = Get a newer goherd.
sentence-do-trace-longer = Trace for longer, and stop the trace before the program ends: trace.Stop writes what is left.
sentence-shared-no-trace = a target holds no execution trace
sentence-shared-other-trace = an execution trace is of another version of Go
sentence-kind-process-no-trace = a process or its memory, which holds no trace
runlog-found = { $findings } in what the runtime printed; worst is { $severity }
runlog-open = undecidable: { $candidates }, and the log is too short to tell
runlog-empty = undecidable: no record of the Go runtime in it; run the program with GODEBUG=gctrace=1,schedtrace=1000
runlog-quiet = undecidable: nothing is wrong in what the log shows, and it does not show what goroutines wait for
runlog-title-answers = What the log answers
runlog-title-measured = What was measured
runlog-head-id = ID
runlog-head-question = QUESTION
runlog-head-answer = ANSWER
runlog-head-figure = FIGURE
runlog-head-value = VALUE
runlog-question-collector = is the collector's work in proportion, and the live heap steady?
runlog-question-scheduler = do goroutines run when they can, and threads stay few?
runlog-question-goroutines = do goroutines wait for ever?
runlog-said-healthy = healthy
runlog-said-wrong = something is wrong
runlog-said-undecidable = undecidable from this log: take a dump
runlog-read = { $collections } collections and { $states } states of the scheduler over { $time }, printed as { $go } does
runlog-figure-interval = between two collections, median
runlog-figure-share = collector's share of all processors
runlog-figure-busy = time in which that is 5 % or more
runlog-figure-assist = share of it that allocating goroutines give
runlog-figure-forced = collections the program called for
runlog-figure-mark = concurrent marking, median
runlog-figure-pause = pauses, median / P99 / longest
runlog-figure-live = live heap at the end
runlog-figure-goal = goal over live, median
runlog-figure-live-rise = rise of the live heap in the last third
runlog-figure-procs = GOMAXPROCS
runlog-figure-queued = goroutines that wait to run, median / most
runlog-figure-idle = processors without work, mean
runlog-figure-threads = threads at the end
runlog-figure-goroutines = goroutines at the end
runlog-plot-heap = Heap
runlog-plot-goal = goal
runlog-plot-begin = at the start
runlog-plot-live = live
runlog-plot-pause = Pauses
runlog-plot-share = Collector's share of all processors
runlog-plot-queue = Scheduler
runlog-plot-queued = waiting to run
runlog-plot-threads = threads
runlog-plot-goroutines = Goroutines
sentence-runlog-torn = { $n } records are cut by other lines: put together again: { $m }, lost: { $k }
sentence-runlog-missing = { $n } collections are missing between those that are printed, by their numbers
sentence-runlog-limit = { $n } records are left out, as only the latest are kept
sentence-runlog-forced = the program calls runtime.GC: { $n } % of collections are forced, one every { $m } s
sentence-runlog-tiny = the goal never leaves more than { $n } % above what is live: GOGC is that small, and the collector takes { $m } % of all processors
sentence-runlog-none = no collection is printed while goroutines run: GOGC=off, or gctrace=1 is not set
sentence-runlog-stacks = stacks grow from { $n } to { $m } MB while the heap does not: goroutines or deep calls, which a dump tells apart
sentence-runlog-goroutines = goroutines grow from { $n } to { $m }: two dumps some seconds apart tell which
sentence-runlog-pauses = the longest pause is { $n } ms: what a pause has to do takes far less, so the process waited for a CPU, or for a goroutine to stop
sentence-runlog-blind = goroutines that wait for ever, deadlocks and lock convoys do not show in a runtime log: take a dump of the process
sentence-runlog-longer = a log of a quarter of an hour or more: what warms up has stopped by then
hidden-processes-not-listed = processes with next to no records: { $count }
sentence-error-command-ended = { $program } ended under { $setting } with { $status }
sentence-error-command-silent = { $program } printed nothing under { $setting } that --throughput matches
sentence-error-command-held = the command has ended, but a process it has started holds its output open; give a command that stays in its process group
sentence-error-command-settings = there are { $n } combinations, more than { $m }
sentence-next-command-ended = Run it by itself with the same variables to see why.
sentence-next-command-silent = Look at what it prints with --keep DIR; the expression must match one line and find a number.
sentence-next-command-start = Give a program, by its path or in PATH, and its arguments after `--`.
sentence-next-command-settings = Try few values of each first, and more around the best.
sentence-next-command-throughput = Write one with a group around the number: `([0-9.]+) req/s`.
sentence-error-command-redacted = the command that was to be measured did not run to its end
sentence-note-timeline-limit = { $n } collections and stops are not on the timeline
sentence-note-timeline-forgotten = { $n } times a goroutine was alive as a generation began and was not remembered: a close look at the timeline groups it by where it stands
sentence-note-timeline-first = the timeline shows the first trace of the file
sentence-note-trace-alone = { $name } is not held against a dump: one trace and the dumps of one process go together
sentence-note-trace-no-ids = { $name } is not held against the dump, which tells no ids: give debug=2 text
sentence-note-trace-other = { $name } is of another process than the dump: { $other } goroutines of the same id run other functions
sentence-note-trace-joined = { $joined } of the { $of } goroutines of the dump stand in { $name }, { $at } s after whose beginning it was taken
sentence-note-trace-joined-untimed = { $joined } of the { $of } goroutines of the dump stand in { $name }; when it was taken cannot be told, for the trace shows no listing that fits
sentence-note-trace-not-placed = for { $n } of its goroutines the trace does not tell where they stand; a dump taken inside it does
sentence-error-no-table = write CSV: only `goherd trace` makes a table
sentence-error-timeline-one = { $option }: a timeline is of one trace
sentence-error-timeline-cut = { $option }: only the timeline for Perfetto is cut
sentence-error-timeline-window = { $option }: it is not later than --from
sentence-error-trace-option = { $option }: execution traces have no such thing
sentence-next-timeline-one = Give one trace, or draw the waits of all with --of waits.
sentence-next-timeline-cut = Add --format perfetto, and leave --of out.
sentence-next-timeline-window = Give seconds from the beginning of the trace, such as --from 1.5 --to 2.
sentence-next-trace-option = Leave { $option } out, or compare profiles.
sentence-note-slices = { $n } slices are not on the timeline, which has { $m }: cut it with --from and --to
