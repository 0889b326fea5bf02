using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for a pod's spec, wherever it stands (<c>pkg/apis/core/validation/validation.go</c>, ValidatePodSpec).</summary>
internal static class PodSpecValidation
{
    /// <param name="pod">Name of the pod; null for a template, whose pods have names of their own.</param>
    public static void Validate(JsonObject spec, string? pod, string path, Faults faults)
    {
        // 1. what containers refer to, then the containers
        IReadOnlyDictionary<string, JsonObject> volumes = VolumeValidation.Validate(spec, pod, path + ".volumes", faults);
        ValidateClaims(spec, path + ".resourceClaims", faults);
        if (spec.Count("containers") == 0)
        {
            faults.Required(path + ".containers");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (string list in new[] { "containers", "initContainers", "ephemeralContainers" })
        {
            ValidateContainers(spec, list, path, volumes, names, faults);
        }

        ResourceAmounts.ValidatePod(spec, path + ".resources", faults);
        HostPortValidation.Validate(spec, isPod: pod is not null, path, faults);

        // 2. policies
        faults.OneOfOrRequired(path + ".restartPolicy", spec.Text("restartPolicy"), "Always", "OnFailure", "Never");
        faults.OneOfOrRequired(path + ".dnsPolicy", spec.Text("dnsPolicy"), "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
        ObjectMetaRules.ValidateLabels(spec, "nodeSelector", path + ".nodeSelector", faults);
        SecurityContextValidation.ValidatePod(spec, path, faults);

        // 3. where and as whom the pod runs
        AffinityValidation.Validate(spec.Child("affinity"), path + ".affinity", faults);
        DnsValidation.Validate(spec, path, faults);
        ValidateGates(spec, path, faults);
        SpreadValidation.Validate(spec, path + ".topologySpreadConstraints", faults);
        WindowsValidation.ValidateHostProcess(spec, path, faults);
        SecurityContextValidation.ValidateHostUsers(spec, path, faults);
        ValidateNames(spec, path, faults);
        if (spec.Number("activeDeadlineSeconds") is { } deadline and (< 1 or > int.MaxValue))
        {
            faults.Invalid(path + ".activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive");
        }

        AffinityValidation.ValidateTolerations(spec, path + ".tolerations", faults);
        DnsValidation.ValidateAliases(spec, path + ".hostAliases", faults);
        if (spec.Has("preemptionPolicy"))
        {
            faults.OneOfOrRequired(path + ".preemptionPolicy", spec.Text("preemptionPolicy"), "PreemptLowerPriority", "Never");
        }

        ResourceAmounts.ValidateOverhead(spec.Child("overhead"), path + ".overhead", faults);
        WindowsValidation.ValidateSystem(spec, path, faults);
    }

    private static readonly (string Member, Func<string, IReadOnlyList<string>> Check)[] NamedMembers =
    [
        ("serviceAccountName", Names.CheckDns1123Subdomain),
        ("nodeName", Names.CheckDns1123Subdomain),
        ("hostname", Names.CheckDns1123Label),
        ("subdomain", Names.CheckDns1123Label),
        ("priorityClassName", Names.CheckDns1123Subdomain),
        ("runtimeClassName", Names.CheckDns1123Subdomain),
    ];

    private static void ValidateNames(JsonObject spec, string path, Faults faults)
    {
        foreach ((string member, Func<string, IReadOnlyList<string>> check) in NamedMembers)
        {
            if (spec.Text(member) is { Length: > 0 } value)
            {
                faults.All($"{path}.{member}", value, check(value));
            }
        }
    }

    private static void ValidateGates(JsonObject spec, string path, Faults faults)
    {
        int i = 0;
        foreach (JsonObject gate in spec.Items("readinessGates"))
        {
            faults.All($"{path}.readinessGates[{i++}].conditionType", gate.Text("conditionType"), Names.CheckQualifiedName(gate.Text("conditionType")));
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        i = 0;
        foreach (string name in spec.Items("schedulingGates").Select(g => g.Text("name")))
        {
            string at = $"{path}.schedulingGates[{i++}]";
            faults.All(at, name, Names.CheckQualifiedName(name));
            if (!seen.Add(name))
            {
                faults.Duplicate(at, name);
            }
        }
    }

    private static void ValidateClaims(JsonObject spec, string path, Faults faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject claim in spec.Items("resourceClaims"))
        {
            string at = $"{path}[{i++}]", name = claim.Text("name");
            if (name.Length == 0)
            {
                faults.Required(at + ".name");
            }
            else if (!names.Add(name))
            {
                faults.Duplicate(at + ".name", name);
            }
            else
            {
                faults.All(at + ".name", name, Names.CheckDns1123Label(name));
            }

            string[] sources = ["resourceClaimName", "resourceClaimTemplateName"];
            if (sources.Count(claim.Has) is not 1 and var count)
            {
                faults.Invalid(at, claim, count == 0 ? "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`" : "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
            }

            foreach (string source in sources.Where(claim.Has))
            {
                faults.All($"{at}.{source}", claim.Text(source), Names.CheckDns1123Subdomain(claim.Text(source)));
            }
        }
    }

    private static void ValidateContainers(JsonObject spec, string list, string path, IReadOnlyDictionary<string, JsonObject> volumes, HashSet<string> names, Faults faults)
    {
        long? grace = spec.Number("terminationGracePeriodSeconds");
        int i = 0;
        foreach (JsonObject container in spec.Items(list))
        {
            string at = $"{path}.{list}[{i++}]", restart = container.Text("restartPolicy");
            ContainerValidation.Validate(container, at, spec, volumes, faults);
            SecurityContextValidation.ValidateContainer(container, at, spec.FlagAt("hostUsers") == false, faults);
            if (list == "ephemeralContainers")
            {
                EphemeralContainerValidation.Validate(container, spec, at, faults);
            }

            ContainerRestartValidation.Validate(container, list, at, faults);
            if (!names.Add(container.Text("name")) && container.Text("name").Length > 0)
            {
                faults.Duplicate(at + ".name", container["name"]);
            }

            if (list == "initContainers" && restart != "Always")
            {
                ForbidWaiting(container, at, faults);
            }
            else if (list != "ephemeralContainers")
            {
                ProbeValidation.Validate(container, at, grace, faults);
            }
        }
    }

    /// <summary>An init container that is waited for has nobody to be ready or alive for.</summary>
    private static void ForbidWaiting(JsonObject container, string path, Faults faults)
    {
        foreach (string member in new[] { "lifecycle", "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Has(member))
            {
                faults.Forbidden($"{path}.{member}", "may not be set for init containers without restartPolicy=Always");
            }
        }
    }
}
