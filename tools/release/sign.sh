#!/bin/sh
# Signs the files of a release in the working directory with minisign(1), and checks the signatures.
# Usage: sign.sh SECRET_KEY PUBLIC_KEY. The secret key has no password (minisign -G -W).
set -eu
secret=$1
public=$2

for file in *; do
  case $file in
  *.minisig | *.sha256 | *.sha512) continue ;;
  esac
  minisign -S -s "$secret" -m "$file" -t "$file" >/dev/null
  # Fails if the public key is not that of the secret one.
  minisign -V -q -p "$public" -m "$file"
done
