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

# The demo.
demo-heading = A recorded incident: { $service }, { $go }, { $span } of recording in { $time }. Nothing leaves this machine.
demo-alert = alert: { $id } { $title }, { $goroutines }
demo-delivered = delivered to the webhook: status { $status }, { $attempts } attempt(s)
demo-open = The same in the viewer: { $command }
