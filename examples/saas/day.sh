#!/usr/bin/env bash
# A day of a vendor: three customers, one application, an upgrade, two upgrades that fail, a bill that is not paid, a bigger plan on other machines, and good-bye. Each step is checked; the
# first that does not hold ends the day with exit code 1. Works on the demo's data planes; starts them when they do not run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
orrery=${ORRERY:-$here/../../orrery}
export ORRERY_DATA_DIR=${ORRERY_DATA_DIR:-$PWD/.orrery}
unset KUBECONFIG
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# until WHAT EXPECTED COMMAND…: waits until the command prints exactly what is expected.
until_is() {
  local what=$1 expected=$2 seen= ; shift 2
  for _ in $(seq 1 "${PATIENCE:-120}"); do
    seen=$("$@" 2>/dev/null) || seen="(the command failed)"
    [ "$seen" != "$expected" ] || { printf '   ok: %s: %s\n' "$what" "${expected:-(nothing)}"; return 0; }
    sleep 0.5
  done
  fail "$what is '$seen', not '$expected'"
}

root() { kubectl --kubeconfig "$ORRERY_DATA_DIR/kubeconfig" "$@"; }
plane() { local name=$1; shift; kubectl --kubeconfig "$ORRERY_DATA_DIR/data-planes/$name/kubeconfig" "$@"; }
phase() { root get installation "$2" -n "$1" -o 'jsonpath={.status.phase} {.status.releaseInForce}'; }
image() { plane "$1" get deployment web -n "$2" -o 'jsonpath={.spec.template.spec.containers[0].image}'; }
available() { plane "$1" get deployment web -n "$2" -o 'jsonpath={.status.availableReplicas}'; }
machines() { plane "$1" get nodes -l "orrery.dev/tenant=$2" -o 'jsonpath={.items[*].metadata.name}'; }
nodes() { plane "$1" get pods -n "$2" --field-selector status.phase=Running -o 'jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}' | sort -u; }
reason() { root get installation "$2" -n "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}'; }

release() { # release NAME VERSION SED-SCRIPT: the bookshop with a change
  sed -e "$3" "$here/bookshop.yaml" >"$work/$1.yaml"
  "$orrery" release create "$1" --application bookshop --version "$2" --manifests "$work/$1.yaml"
}

step "The demo's data planes, each with another access"
"$orrery" status >/dev/null 2>&1 || "$orrery" up --detach
root apply -f "$here/classes.yaml" -f "$here/tenants.yaml"
for tenant in acme globex initech; do root wait --for=condition=Ready "tenant/$tenant" --timeout=60s; done
"$orrery" data-plane set ny8-nyc --access Dedicated --tenants globex
"$orrery" data-plane set ams9-ams --access Private --tenants initech
until_is "what is shared" "pa2-par" bash -c "$(declare -f root); root get dataplanes -o jsonpath='{.items[?(@.spec.access==\"Shared\")].metadata.name}'"

step "One application, and its first release"
"$orrery" application create bookshop --title "The bookshop"
release bookshop-1.0.0 1.0.0 ''
root wait --for=condition=Ready release/bookshop-1.0.0 --timeout=60s

step "The first release for each customer, where it may run"
"$orrery" install create shop -n acme --application bookshop --release bookshop-1.0.0 --set site.title=Acme --set site.theme=plain --data-planes pa2-par
"$orrery" install create shop -n globex --application bookshop --release bookshop-1.0.0 --set site.title=Globex --set site.theme=plain --data-planes ny8-nyc
"$orrery" install create shop -n initech --application bookshop --release bookshop-1.0.0 --set site.title=Initech --set site.theme=plain --data-planes ams9-ams
for tenant in acme globex initech; do until_is "$tenant" "Running bookshop-1.0.0" phase "$tenant" shop; done
until_is "acme's title" "Acme" plane pa2-par get configmap site -n acme-shop -o 'jsonpath={.data.title}'
until_is "globex on the shared data plane" "" plane pa2-par get namespaces -l orrery.dev/tenant=globex -o name
until_is "initech on globex's data plane" "" plane ny8-nyc get namespaces -l orrery.dev/tenant=initech -o name

step "Nobody runs where it may not"
"$orrery" install create elsewhere -n acme --application bookshop --release bookshop-1.0.0 --set site.title=x --set site.theme=x --data-planes ny8-nyc,ams9-ams
until_is "acme on others' data planes" "NothingSelected" root get installation elsewhere -n acme -o 'jsonpath={.status.conditions[?(@.type=="Placed")].reason}'
"$orrery" install delete elsewhere -n acme

step "An upgrade, looked at before it is made"
release bookshop-1.1.0 1.1.0 's/web:1.0.0/web:1.1.0/'
root wait --for=condition=Ready release/bookshop-1.1.0 --timeout=60s
code=0; "$orrery" diff installation shop -n acme --release bookshop-1.1.0 >"$work/diff" || code=$?
[ "$code" = 1 ] || fail "diff ended with $code, not 1"
grep -q '^+ *- *image: example.test/bookshop/web:1.1.0\|^+ *image: example.test/bookshop/web:1.1.0' "$work/diff" || fail "the diff does not show the new image: $(cat "$work/diff")"
"$orrery" install set shop -n acme --release bookshop-1.1.0 --wait
until_is "acme" "Running bookshop-1.1.0" phase acme shop
until_is "acme's image" "example.test/bookshop/web:1.1.0" image pa2-par acme-shop
until_is "globex, whom nobody upgraded" "Running bookshop-1.0.0" phase globex shop
code=0; "$orrery" diff installation shop -n acme || code=$?
[ "$code" = 0 ] || fail "diff after the upgrade ended with $code, not 0"

step "An upgrade that the data plane would refuse changes nothing"
release bookshop-1.2.0 1.2.0 's/app: web/app: shop/g; s/web:1.0.0/web:1.2.0/'
code=0; "$orrery" install set shop -n acme --release bookshop-1.2.0 --wait 2>"$work/wait" || code=$?
[ "$code" = 1 ] && grep -q 'installation.orrery.dev/shop failed: Refused: .*immutable' "$work/wait" || fail "waiting for a release that is refused ended with $code: $(cat "$work/wait")"
until_is "acme" "Failed bookshop-1.1.0" phase acme shop
until_is "why" "Refused" reason acme shop
until_is "acme's image" "example.test/bookshop/web:1.1.0" image pa2-par acme-shop
until_is "acme's replicas" "2" available pa2-par acme-shop
refusals() { "$orrery" events --tenant acme --since 1h --type Warning >"$work/events" && grep -q 'Refused .*immutable' "$work/events" && echo told; }
until_is "what was refused, in an event" told refusals

step "An upgrade that never becomes ready is reported, and the old one goes on"
release bookshop-1.3.0 1.3.0 's/web:1.0.0/web-does-not-exist:1.3.0/'
"$orrery" install set shop -n acme --release bookshop-1.3.0 --progress-deadline 5
until_is "why" "ProgressDeadlineExceeded" reason acme shop
until_is "acme's replicas" "2" available pa2-par acme-shop
"$orrery" install set shop -n acme --release bookshop-1.1.0 --progress-deadline 600
until_is "acme, back again" "Running bookshop-1.1.0" phase acme shop
until_is "acme's image" "example.test/bookshop/web:1.1.0" image pa2-par acme-shop

step "Other values are an upgrade too"
"$orrery" install set shop -n globex --set site.theme=dark
until_is "globex's theme" "dark" plane ny8-nyc get configmap site -n globex-shop -o 'jsonpath={.data.theme}'
until_is "globex" "Running bookshop-1.0.0" phase globex shop

step "A bill that is not paid"
"$orrery" tenant suspend globex
until_is "globex's replicas" "0" plane ny8-nyc get deployment web -n globex-shop -o 'jsonpath={.spec.replicas}'
until_is "globex" "True" root get tenant globex -o 'jsonpath={.status.conditions[?(@.type=="Suspended")].status}'
"$orrery" tenant resume globex
until_is "globex's replicas" "2" available ny8-nyc globex-shop

step "Machines of its own"
plane pa2-par label node pa2-par-node-1 size=small
plane pa2-par label node pa2-par-node-2 pa2-par-node-3 size=large
"$orrery" tenant set acme --own-machines
until_is "acme's machines" "pa2-par-node-1" machines pa2-par acme
until_is "what acme's pods run on" "pa2-par-node-1" nodes pa2-par acme-shop

step "A bigger plan"
until_is "acme's pods" "12" plane pa2-par get resourcequota -n acme-shop -o 'jsonpath={.items[0].spec.hard.pods}'
"$orrery" tenant set acme --class large
until_is "acme's pods" "60" plane pa2-par get resourcequota -n acme-shop -o 'jsonpath={.items[0].spec.hard.pods}'
until_is "acme's plan in force" "large True" root get tenant acme -o 'jsonpath={.status.classInForce} {.status.conditions[?(@.type=="MachinesReady")].status}'
until_is "acme's machines" "pa2-par-node-2" machines pa2-par acme
until_is "what acme's pods run on" "pa2-par-node-2" nodes pa2-par acme-shop
until_is "acme's replicas" "2" available pa2-par acme-shop
until_is "acme" "Running bookshop-1.1.0" phase acme shop

step "Good-bye: nothing is left anywhere"
"$orrery" install delete shop -n globex
until_is "globex's namespaces" "" plane ny8-nyc get namespaces -l orrery.dev/tenant=globex -o name
"$orrery" tenant delete acme globex initech
for tenant in acme globex initech; do
  until_is "$tenant in root" "" root get namespaces -l "orrery.dev/tenant=$tenant" -o name
  for dataplane in pa2-par ny8-nyc ams9-ams; do
    until_is "$tenant in $dataplane" "" plane "$dataplane" get namespaces -l "orrery.dev/tenant=$tenant" -o name
  done
done
until_is "works" "" root get works -A -o name
until_is "machines of tenants" "" plane pa2-par get nodes -l orrery.dev/tenant -o name
plane pa2-par label nodes --all size-
"$orrery" release delete --all
"$orrery" application delete bookshop
"$orrery" tenant-class delete small large
"$orrery" data-plane set ny8-nyc --access Shared
"$orrery" data-plane set ams9-ams --access Shared

printf '\nThe day is over; everything held.\n'
