# The first process of a sandbox whose image need not have Python: what python_bootstrap.py does, for a command.
# It asks of the image a POSIX shell with cat, head, rm and tar.
# Standard input: a line with the size of an archive and the nonce, then the archive. Its end means nobody waits.
[ $$ = 1 ] || exit 1  # it kills every process it sees but the first
printf 'hershy-sandbox-ready\n'
read -r size nonce || exit 0
cd /work || exit 125
head -c "$size" | tar -xf - || exit 125
command=$(cat ".hershy-$nonce/command")
collect=$(cat ".hershy-$nonce/collect")
exec 3<".hershy-$nonce/stdin" 4<&0
rm -rf ".hershy-$nonce"
{ cat <&4 >/dev/null; kill -9 -1; } &
sh -c "$command" <&3 3<&- 4<&- &
wait $!
code=$?
kill -9 -1 2>/dev/null
printf '%s' "$nonce" >&2
printf '%scode %d\n' "$nonce" "$code"
[ "$code" -le 128 ] || printf 'signal %d\n' "$((code - 128))"
printf '\n'
[ -z "$collect" ] || eval "tar -cf - -- $collect" 2>/dev/null
printf '%s' "$nonce"
exec cat
