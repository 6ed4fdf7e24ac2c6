#!/usr/bin/env bash
# Makes the image hershy-test-busybox:local, every applet of busybox in /bin, if the engine lacks it: tests and
# benchmarks make their programs of it. Talks to the engine itself, so that no docker command is needed.
#
#   scripts/busybox-image.sh
set -euo pipefail

image=hershy-test-busybox
busybox=/bin/busybox
socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
socket=${socket#unix://}

die() { printf 'busybox image: %s\n' "$*" >&2; exit 1; }
engine() { curl --silent --show-error --fail --unix-socket "$socket" "$@"; }
image_exists() { engine --max-time 10 "http://docker/images/$image:local/json" >/dev/null 2>&1; }

image_exists && exit 0
[ -x "$busybox" ] || die "$busybox is missing: apt-get install -y busybox-static"

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir -p "$work/root/bin" "$work/root/etc" "$work/root/tmp"
chmod 755 "$work/root" "$work/root/bin" "$work/root/etc"
chmod 1777 "$work/root/tmp"
cp "$busybox" "$work/root/bin/busybox"
"$busybox" --list | while read -r applet; do
  [ "$applet" = busybox ] || ln -s busybox "$work/root/bin/$applet"
done
printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$work/root/etc/passwd"
tar -C "$work/root" --owner 0 --group 0 -cf "$work/root.tar" .
engine --max-time 60 -X POST -H 'Content-Type: application/x-tar' -H 'Expect:' -T "$work/root.tar" \
  --url-query 'fromSrc=-' --url-query "repo=$image" --url-query 'tag=local' \
  --url-query 'changes=ENV PATH=/bin' --url-query 'changes=CMD ["/bin/sh"]' 'http://docker/images/create' >/dev/null
image_exists || die "the engine did not import it"
