#!/bin/sh
# Records fixtures/fuse anew: record.sh GO1.24 GO1.27, the two go commands.
set -eu
cd "$(dirname "$0")"
into=../../fixtures/fuse
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for go in "$@"; do
	version=$("$go" env GOVERSION | cut -d. -f1,2)
	GOTOOLCHAIN=local "$go" build -trimpath -o "$folder/program" .
	for trouble in crossed unwatched twice channel left again slow; do
		rm -f "$folder"/fuse-*.json
		"$folder/program" "$trouble" "$folder" 2>/dev/null
		zstd -q -19 -f "$folder"/fuse-*.json -o "$into/$trouble.$version.json.zst"
	done
done
