using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for a pod's spec, wherever it stands (<c>pkg/apis/core/validation/validation.go</c>, ValidatePodSpec).</summary>
internal static class PodSpecValidation
{
    public static void Validate(JsonObject spec, string path, Faults faults)
    {
        // 1. what containers refer to, then the containers
        IReadOnlySet<string> volumes = VolumeValidation.Validate(spec, path + ".volumes", faults);
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (spec.Count("containers") == 0)
        {
            faults.Required(path + ".containers");
        }

        ValidateContainers(spec, "containers", path, volumes, names, faults);
        ValidateContainers(spec, "initContainers", path, volumes, names, faults);
        ValidateContainers(spec, "ephemeralContainers", path, volumes, names, faults);
        HostPortValidation.Validate(spec, path, faults);
        SecurityContextValidation.ValidatePod(spec, path, faults);

        // 2. policies
        faults.OneOfOrRequired(path + ".restartPolicy", spec.Text("restartPolicy"), "Always", "OnFailure", "Never");
        faults.OneOfOrRequired(path + ".dnsPolicy", spec.Text("dnsPolicy"), "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
        if (spec.Text("dnsPolicy") == "None" && (spec.Child("dnsConfig")?.Count("nameservers") ?? 0) == 0)
        {
            faults.Required(path + ".dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
        }

        // 3. where and as whom the pod runs
        ObjectMetaRules.ValidateLabels(spec, "nodeSelector", path + ".nodeSelector", faults);
        AffinityValidation.Validate(spec.Child("affinity"), path + ".affinity", faults);
        AffinityValidation.ValidateSpread(spec, path + ".topologySpreadConstraints", faults);
        foreach ((string member, Func<string, IReadOnlyList<string>> check) in NamedMembers)
        {
            if (spec.Text(member) is { Length: > 0 } value)
            {
                faults.All($"{path}.{member}", value, check(value));
            }
        }

        if (spec.Number("activeDeadlineSeconds") is { } deadline and (< 1 or > int.MaxValue))
        {
            faults.Invalid(path + ".activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive");
        }

        AffinityValidation.ValidateTolerations(spec, path + ".tolerations", faults);
        ValidateHostAliases(spec, path, faults);
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

    private static void ValidateContainers(JsonObject spec, string list, string path, IReadOnlySet<string> volumes, HashSet<string> names, Faults faults)
    {
        int i = 0;
        foreach (JsonObject container in spec.Items(list))
        {
            string at = $"{path}.{list}[{i++}]";
            ContainerValidation.Validate(container, at, volumes, faults);
            if (!names.Add(container.Text("name")) && container.Text("name").Length > 0)
            {
                faults.Duplicate(at + ".name", container["name"]);
            }

            SecurityContextValidation.ValidateContainer(container, at, spec.FlagAt("hostUsers") == false, faults);
            if (list == "initContainers" && container.Text("restartPolicy") != "Always")
            {
                ForbidWaiting(container, at, faults);
            }
            else
            {
                ContainerValidation.ValidateProbes(container, at, faults);
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

    private static void ValidateHostAliases(JsonObject spec, string path, Faults faults)
    {
        int i = 0;
        foreach (JsonObject alias in spec.Items("hostAliases"))
        {
            string at = $"{path}.hostAliases[{i++}]";
            Addresses.ValidateIp(at + ".ip", alias.Text("ip"), faults);
            int h = 0;
            foreach (string name in alias.Texts("hostnames"))
            {
                faults.All($"{at}.hostnames[{h++}]", name, Names.CheckDns1123Subdomain(name));
            }
        }
    }
}
