#!/usr/bin/env bash
# What people do with kubectl every day, with one kubectl against one cluster: tests/Orrery.Tests/EndToEnd/KubectlVersionTests.cs runs it.
# usage: everyday.sh KUBECTL KUBECONFIG NAMESPACE
# Prints a line for each step that does not do what it should; exit code 0 when all do.
set -uo pipefail
kubectl=$1
export KUBECONFIG=$2
ns=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

step() { # step WHAT PATTERN COMMAND...: the output must hold the pattern
  local what=$1 pattern=$2 output
  shift 2
  output=$(timeout 120 "$@" 2>&1)
  if ! grep -qE -- "$pattern" <<<"$output"; then
    printf '%s: wanted /%s/, got: %s\n' "$what" "$pattern" "$(head -n 5 <<<"$output")"
    failed=1
  fi
}


cat >"$work/web.yaml" <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web, set: one } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: c, image: "web:1", ports: [{ containerPort: 80 }] }] }
YAML
cat >"$work/conf.yaml" <<YAML
apiVersion: v1
kind: ConfigMap
metadata: { name: conf, labels: { set: one } }
data: { k: v }
YAML

step create-namespace created "$kubectl" create namespace "$ns"
step apply created "$kubectl" -n "$ns" apply -f "$work/web.yaml" -f "$work/conf.yaml"
step apply-the-same 'deployment.apps/web unchanged' "$kubectl" -n "$ns" apply -f "$work/web.yaml"
sed -i 's/web:1/web:2/' "$work/web.yaml"
step diff '\+.*image: web:2' "$kubectl" -n "$ns" diff -f "$work/web.yaml"
step apply-a-change 'deployment.apps/web configured' "$kubectl" -n "$ns" apply -f "$work/web.yaml"
step get-wide 'web:2' "$kubectl" -n "$ns" get deployments -o wide
step get-yaml '^kind: Deployment' "$kubectl" -n "$ns" get deployment web -o yaml
step get-columns '^web +2' "$kubectl" -n "$ns" get deployments -o custom-columns=N:.metadata.name,R:.spec.replicas --no-headers
step get-jsonpath '^web:2$' "$kubectl" -n "$ns" get deployment web -o 'jsonpath={.spec.template.spec.containers[0].image}'
step get-all 'deployment.apps/web' "$kubectl" -n "$ns" get all
step explain 'replicas' "$kubectl" explain deployment.spec
step explain-recursive 'terminationGracePeriodSeconds' "$kubectl" explain pods --recursive
step patch patched "$kubectl" -n "$ns" patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"c","env":[{"name":"A","value":"1"}]}]}}}}'
step patch-json patched "$kubectl" -n "$ns" patch configmap conf --type=json -p '[{"op":"add","path":"/data/z","value":"1"}]'
step patch-merge patched "$kubectl" -n "$ns" patch configmap conf --type=merge -p '{"data":{"y":"1"}}'
step scale scaled "$kubectl" -n "$ns" scale deployment web --replicas=1
step label labeled "$kubectl" -n "$ns" label configmap conf x=y
step annotate annotated "$kubectl" -n "$ns" annotate configmap conf x=y
step set-image 'image updated' "$kubectl" -n "$ns" set image deployment/web c=web:3
step edit edited env KUBE_EDITOR='sed -i s/web:3/web:4/' "$kubectl" -n "$ns" edit deployment web
step rollout-pause paused "$kubectl" -n "$ns" rollout pause deployment web
step rollout-resume resumed "$kubectl" -n "$ns" rollout resume deployment web
step rollout-restart restarted "$kubectl" -n "$ns" rollout restart deployment web
step serviceaccount created "$kubectl" -n "$ns" create serviceaccount bob
step can-i '^yes$' "$kubectl" auth can-i create pods
step can-i-list 'Resources' "$kubectl" auth can-i --list
step can-i-as '^no$' "$kubectl" -n "$ns" auth can-i delete pods --as="system:serviceaccount:$ns:bob"
step api-resources 'deployments +deploy' "$kubectl" api-resources
step api-versions '^apps/v1$' "$kubectl" api-versions
step server-side 'serverside-applied' "$kubectl" -n "$ns" apply --server-side --force-conflicts -f "$work/web.yaml"
step server-side-again 'serverside-applied' "$kubectl" -n "$ns" apply --server-side -f "$work/web.yaml"
step client-side-after 'configured|unchanged' "$kubectl" -n "$ns" apply -f "$work/web.yaml"
step dry-run-server 'server dry run' "$kubectl" -n "$ns" apply --dry-run=server -f "$work/web.yaml"
step dry-run-client 'dry run' "$kubectl" -n "$ns" apply --dry-run=client -f "$work/web.yaml"
sed 's/^data:/datta:/' "$work/conf.yaml" >"$work/bad.yaml"
step unknown-field 'unknown field "datta"' "$kubectl" -n "$ns" apply -f "$work/bad.yaml"
# What kubectl before 1.25 prunes by itself is in versions that are gone.
minor=$("$kubectl" version --client -o yaml | sed -n 's/^ *gitVersion: v1\.\([0-9]*\)\..*/\1/p')
pruned=()
if [ "$minor" -lt 25 ]; then pruned=(--prune-whitelist=core/v1/ConfigMap); fi
step prune 'configmap/conf pruned' "$kubectl" -n "$ns" apply --prune "${pruned[@]}" -l set=one -f "$work/web.yaml"
step describe 'Name: +web' "$kubectl" -n "$ns" describe deployment web
step secret created "$kubectl" -n "$ns" create secret generic s --from-literal=a=b
step role created "$kubectl" -n "$ns" create role r --verb=get --resource=pods
step rolebinding created "$kubectl" -n "$ns" create rolebinding rb --role=r --serviceaccount="$ns:bob"
step expose exposed "$kubectl" -n "$ns" expose deployment web --port=80
step run created "$kubectl" -n "$ns" run p --image=web:1
step job created "$kubectl" -n "$ns" create job j --image=job:1
"$kubectl" -n "$ns" get secret s -o yaml >"$work/secret.yaml"
step replace replaced "$kubectl" -n "$ns" replace -f "$work/secret.yaml"
"$kubectl" -n "$ns" get deployments -w >"$work/watched" 2>&1 &
for _ in $(seq 600); do grep -q '^web' "$work/watched" && break; sleep 0.1; done
kill $! 2>/dev/null
step watch '^web' cat "$work/watched"
step delete deleted "$kubectl" -n "$ns" delete deployment web
step delete-all deleted "$kubectl" -n "$ns" delete secrets --all
step delete-namespace deleted "$kubectl" delete namespace "$ns" --timeout=110s
exit "$failed"
