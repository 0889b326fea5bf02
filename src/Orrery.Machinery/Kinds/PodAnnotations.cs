using System.Globalization;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for annotations that mean something on a pod (<c>pkg/apis/core/validation/validation.go</c>, ValidatePodSpecificAnnotations).</summary>
internal static class PodAnnotations
{
    public const string Mirror = "kubernetes.io/config.mirror";
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";
    private const string AppArmor = "container.apparmor.security.beta.kubernetes.io/";
    private const string Seccomp = "seccomp.security.alpha.kubernetes.io/pod";
    private const string SeccompOfContainer = "container.seccomp.security.alpha.kubernetes.io/";

    /// <param name="path">Of the metadata.</param>
    public static void Validate(JsonObject metadata, JsonObject spec, string path, Faults faults)
    {
        IReadOnlyDictionary<string, string> annotations = metadata.TextMap("annotations");
        string at = path + ".annotations";
        if (annotations.TryGetValue(Mirror, out string? mirror) && spec.Text("nodeName").Length == 0)
        {
            faults.Invalid($"{at}[{Mirror}]", mirror, "must set spec.nodeName if mirror pod annotation is set");
        }

        if (annotations.TryGetValue(DeletionCost, out string? cost) && !IsCost(cost))
        {
            faults.Invalid($"{at}[{DeletionCost}]", cost, "must be a 32bit integer");
        }

        foreach ((string key, string value) in annotations)
        {
            if (key == Seccomp || key.StartsWith(SeccompOfContainer, StringComparison.Ordinal))
            {
                ValidateSeccomp(value, $"{at}.{key}", faults);
            }
            else if (key.StartsWith(AppArmor, StringComparison.Ordinal))
            {
                ValidateAppArmor(key[AppArmor.Length..], value, spec, $"{at}[{key}]", faults);
            }
        }
    }

    /// <summary>What the kubelet has acted on stays as it is.</summary>
    public static void ValidateUpdate(JsonObject metadata, JsonObject old, Faults faults)
    {
        IReadOnlyDictionary<string, string> now = metadata.TextMap("annotations"), before = old.TextMap("annotations");
        foreach (string key in now.Keys.Union(before.Keys).Where(k => k == Mirror || k.StartsWith(AppArmor, StringComparison.Ordinal)))
        {
            if (now.GetValueOrDefault(key) == before.GetValueOrDefault(key))
            {
                continue;
            }

            string what = key == Mirror ? "mirror pod annotation" : "AppArmor annotations";
            faults.Forbidden($"metadata.annotations[{key}]", before.ContainsKey(key) ? $"may not remove or update {what}" : $"may not add {what}");
        }
    }

    /// <summary>Go's strconv takes a sign and leading zeros; upstream takes neither a plus nor zeros in front.</summary>
    private static bool IsCost(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int cost) && (cost.ToString(CultureInfo.InvariantCulture) == text || text == "-0");

    private static void ValidateSeccomp(string profile, string path, Faults faults)
    {
        const string Local = "localhost/";
        if (profile.StartsWith(Local, StringComparison.Ordinal))
        {
            VolumePaths.Descending(profile[Local.Length..], path, faults);
        }
        else if (profile is not ("runtime/default" or "docker/default" or "unconfined"))
        {
            faults.Invalid(path, profile, "must be a valid seccomp profile");
        }
    }

    private static void ValidateAppArmor(string container, string profile, JsonObject spec, string path, Faults faults)
    {
        if (!new[] { "containers", "initContainers", "ephemeralContainers" }.SelectMany(spec.Items).Any(c => c.Text("name") == container))
        {
            faults.Invalid(path, container, "container not found");
        }

        if (profile is not ("" or "runtime/default" or "unconfined") && !profile.StartsWith("localhost/", StringComparison.Ordinal))
        {
            faults.Invalid(path, profile, $"invalid AppArmor profile name: \"{profile}\"");
        }
    }
}
