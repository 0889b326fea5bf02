using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.PodSecurity;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.PodSecurity;

/// <summary>
/// Holds pods to what their namespace's <c>pod-security.kubernetes.io/…</c> labels say, and warns of templates that will
/// make pods which break it. Upstream: pod-security-admission <c>admission/admission.go</c>.
/// </summary>
internal sealed class PodSecurityAdmission(ObjectStore objects, PodSecurityConfiguration configuration, TimeProvider time) : IValidatingPlugin
{
    private const string AuditPrefix = "pod-security.kubernetes.io/";

    /// <summary>Pods of a namespace that are looked at when its labels become stricter.</summary>
    private const int MaxPodsLookedAt = 3000;

    /// <summary>How long that may take.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(1);

    private static readonly ResourceDefinition Namespaces = BuiltinResources.Instance.Require("", "v1", "namespaces");
    private static readonly GroupResource Pods = new("", "pods");

    public string Name => "PodSecurity";

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { IsControlPlane: false, Operation: AdmissionOperation.Create or AdmissionOperation.Update, Object: { } json })
        {
            if (request.GroupResource == Namespaces.GroupResource)
            {
                LookAtNamespace(request, json);
            }
            else if (request.GroupResource == Pods)
            {
                LookAtPod(request, json);
            }
            else if (request.Subresource.Length == 0 && TemplateOf(request.GroupResource, json) is { } template && !IsExempt(request))
            {
                Judge(request, PolicyOf(request), template.Child("metadata") ?? [], template.ObjectAt("spec"), enforces: false);
            }
        }

        return ValueTask.CompletedTask;
    }

    private void LookAtPod(AdmissionRequest request, JsonObject pod)
    {
        bool mayChangeSpec = request.Subresource is "" or "ephemeralcontainers" or "resize";
        if (mayChangeSpec && !IsExempt(request) && PolicyOf(request) is { IsPrivileged: false } policy && (request.Old is not { } old || IsSignificant(pod, old)))
        {
            Judge(request, policy, pod.Metadata, pod.ObjectAt("spec"), enforces: true);
        }
    }

    /// <summary>Who and what an operator has let off.</summary>
    private bool IsExempt(AdmissionRequest request)
    {
        string? by = configuration.Namespaces.Contains(request.Namespace) ? "namespace" : configuration.Users.Contains(request.User.Name) ? "user" : null;
        if (by is not null)
        {
            request.Notes.Annotate(AuditPrefix + "exempt", by);
        }

        return by is not null;
    }

    private void Judge(AdmissionRequest request, NamespacePodSecurity policy, JsonObject metadata, JsonObject spec, bool enforces)
    {
        if (configuration.RuntimeClasses.Contains(spec.TextAt("runtimeClassName") ?? ""))
        {
            request.Notes.Annotate(AuditPrefix + "exempt", "runtimeClass");
            return;
        }

        if (enforces && !policy.Enforce.IsPrivileged)
        {
            request.Notes.Annotate(AuditPrefix + "enforce-policy", policy.Enforce.ToString());
        }

        if (Broken(policy.Audit, metadata, spec) is { } audited)
        {
            request.Notes.Annotate(AuditPrefix + "audit-violations", $"would violate PodSecurity \"{policy.Audit}\": {audited}");
        }

        if (enforces && Broken(policy.Enforce, metadata, spec) is { } refused)
        {
            throw ApiErrors.Forbidden(request.GroupResource, request.Name, $"violates PodSecurity \"{policy.Enforce}\": {refused}");
        }

        if (Broken(policy.Warn, metadata, spec) is { } warned)
        {
            request.Notes.Warn($"would violate PodSecurity \"{policy.Warn}\": {warned}");
        }
    }

    private static string? Broken(PodSecurityPolicy policy, JsonObject metadata, JsonObject spec) =>
        PodSecurityStandards.Evaluate(policy, metadata, spec) is { Count: > 0 } findings ? string.Join(", ", findings) : null;

    private void LookAtNamespace(AdmissionRequest request, JsonObject json)
    {
        if (request.Subresource.Length > 0)
        {
            return;
        }

        IReadOnlyDictionary<string, string> labels = json.Metadata.TextMap("labels");
        var now = NamespacePodSecurity.Read(labels, configuration.Defaults, out IReadOnlyList<FieldError> faults);
        if (request.Old is not { } old)
        {
            Require(request, faults);
            WarnOfExemption(request, now, labels);
            return;
        }

        // Labels that were wrong before do not stand in the way of another change.
        var before = NamespacePodSecurity.Read(old.Metadata.TextMap("labels"), configuration.Defaults, out IReadOnlyList<FieldError> known);
        if (!faults.Select(f => f.ToString()).SequenceEqual(known.Select(f => f.ToString())))
        {
            Require(request, faults);
        }

        bool isStricter = now.Enforce != before.Enforce && !now.Enforce.IsPrivileged && (now.Enforce.Minor != before.Enforce.Minor || now.Enforce.Level > before.Enforce.Level);
        if (isStricter && !WarnOfExemption(request, now, labels))
        {
            WarnOfPods(request, now.Enforce);
        }
    }

    /// <summary>Whoever labels a namespace that is let off would otherwise think that the label holds.</summary>
    /// <returns>Whether the namespace is let off.</returns>
    private bool WarnOfExemption(AdmissionRequest request, NamespacePodSecurity policy, IReadOnlyDictionary<string, string> labels)
    {
        if (!configuration.Namespaces.Contains(request.Name))
        {
            return false;
        }

        if (!policy.IsPrivileged && policy != configuration.Defaults)
        {
            IEnumerable<string> said = new (string Mode, PodSecurityPolicy Policy)[] { ("enforce", policy.Enforce), ("audit", policy.Audit), ("warn", policy.Warn) }
                .Where(m => !m.Policy.IsPrivileged && NamespacePodSecurity.Says(labels, m.Mode)).Select(m => $"{m.Mode}={m.Policy}");
            request.Notes.Warn($"namespace \"{request.Name}\" is exempt from Pod Security, and the policy ({string.Join(", ", said)}) will be ignored");
        }

        return true;
    }

    private static void Require(AdmissionRequest request, IReadOnlyList<FieldError> faults)
    {
        if (faults.Count > 0)
        {
            throw ApiErrors.Invalid(request.Kind.GroupKind, request.Name, faults);
        }
    }

    private void WarnOfPods(AdmissionRequest request, PodSecurityPolicy policy)
    {
        var broken = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        IReadOnlyList<CachedObject> pods = objects.Caches.For(Pods).Current.ToArray(StoreKey.Prefix(Pods, request.Cluster, request.Name));
        long began = time.GetTimestamp();
        int looked = 0;
        foreach (CachedObject item in pods.Take(MaxPodsLookedAt).TakeWhile(_ => time.GetElapsedTime(began) < LongestLook))
        {
            looked++;
            JsonObject pod = StoredJson.Parse(item.Json.Span);
            if (configuration.RuntimeClasses.Contains(pod.TextAt("spec", "runtimeClassName") ?? ""))
            {
                continue;
            }

            if (PodSecurityStandards.Evaluate(policy, pod.Metadata, pod.ObjectAt("spec")) is { Count: > 0 } findings)
            {
                string reasons = string.Join(", ", findings.Select(f => f.Reason));
                (broken.TryGetValue(reasons, out List<string>? like) ? like : broken[reasons] = []).Add(item.Name);
            }
        }

        if (looked < pods.Count)
        {
            request.Notes.Warn($"new PodSecurity enforce level only checked against the first {looked} of {pods.Count} existing pods");
        }

        if (broken.Count > 0)
        {
            request.Notes.Warn($"existing pods in namespace \"{request.Name}\" violate the new PodSecurity enforce level \"{policy}\"");
        }

        foreach (string line in broken.Select(b => $"{Crowd(b.Value)}: {b.Key}").Order(StringComparer.Ordinal))
        {
            request.Notes.Warn(line);
        }
    }

    private static string Crowd(List<string> pods) => pods.Count switch
    {
        1 => pods[0],
        2 => $"{pods[0]} (and 1 other pod)",
        _ => $"{pods[0]} (and {pods.Count - 1} other pods)",
    };

    private NamespacePodSecurity PolicyOf(AdmissionRequest request)
    {
        CachedObject? found = objects.Caches.For(Namespaces.GroupResource).Current.Get(StoreKey.Of(Namespaces.GroupResource, request.Cluster, "", request.Namespace));
        return NamespacePodSecurity.Read(found?.Labels ?? LabelSet.Empty, configuration.Defaults, out _);
    }

    /// <summary>The pod template of a workload; null for anything else.</summary>
    private static JsonObject? TemplateOf(GroupResource resource, JsonObject json) => resource switch
    {
        { Group: "apps", Resource: "deployments" or "statefulsets" or "daemonsets" or "replicasets" } or { Group: "batch", Resource: "jobs" } or { Group: "", Resource: "replicationcontrollers" } => json.NodeAt("spec", "template"),
        { Group: "batch", Resource: "cronjobs" } => json.NodeAt("spec", "jobTemplate", "spec", "template"),
        { Group: "", Resource: "podtemplates" } => json["template"],
        _ => null,
    } as JsonObject;

    /// <summary>An update that leaves everything alone which a check looks at, such as one of labels or tolerations.</summary>
    private static bool IsSignificant(JsonObject pod, JsonObject old)
    {
        static JsonObject Looked(JsonObject of)
        {
            var spec = (JsonObject)of.ObjectAt("spec").DeepClone();
            spec.Remove("tolerations");
            spec.Remove("activeDeadlineSeconds");
            spec.Remove("terminationGracePeriodSeconds");
            return spec;
        }

        static string[] Profiles(JsonObject of) =>
            [.. of.Metadata.TextMap("annotations").Where(a => a.Key.Contains("seccomp.security", StringComparison.Ordinal) || a.Key.Contains("apparmor.security", StringComparison.Ordinal)).Select(a => $"{a.Key}={a.Value}").Order(StringComparer.Ordinal)];

        return !JsonFields.Same(Looked(pod), Looked(old)) || !Profiles(pod).SequenceEqual(Profiles(old));
    }
}
