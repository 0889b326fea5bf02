using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for the security contexts of a pod and of its containers (<c>pkg/apis/core/validation/validation.go</c>, ValidateSecurityContext and ValidatePodSecurityContext).</summary>
internal static partial class SecurityContextValidation
{
    private const long LargestId = int.MaxValue;

    public static void ValidateContainer(JsonObject container, string path, bool ownsUsers, Faults faults)
    {
        if (container.Child("securityContext") is not { } context)
        {
            return;
        }

        string at = path + ".securityContext";
        ValidateId(context, "runAsUser", at, faults);
        ValidateId(context, "runAsGroup", at, faults);
        if (context.Text("procMount") is { Length: > 0 } mount)
        {
            faults.OneOf(at + ".procMount", mount, "Default", "Unmasked");
            if (mount == "Unmasked" && !ownsUsers)
            {
                faults.Invalid(at + ".procMount", mount, "`hostUsers` must be false to use `Unmasked`");
            }
        }

        ValidateProfile(context, "seccompProfile", "seccomp", at, faults);
        if (context.FlagAt("allowPrivilegeEscalation") == false)
        {
            if (context.Flag("privileged"))
            {
                faults.Invalid(at, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
            }

            if (context.Child("capabilities")?.Texts("add").Contains("CAP_SYS_ADMIN") == true)
            {
                faults.Invalid(at, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
            }
        }

        WindowsValidation.ValidateOptions(context.Child("windowsOptions"), at + ".windowsOptions", faults);
        ValidateProfile(context, "appArmorProfile", "AppArmor", at, faults);
    }

    public static void ValidatePod(JsonObject spec, string path, Faults faults)
    {
        if (spec.Child("securityContext") is not { } context)
        {
            return;
        }

        string at = path + ".securityContext";
        foreach (string member in new[] { "fsGroup", "runAsUser", "runAsGroup" })
        {
            ValidateId(context, member, at, faults);
        }

        int i = 0;
        foreach (JsonNode? group in context.List("supplementalGroups") ?? [])
        {
            ValidateId(group, $"{at}.supplementalGroups[{i++}]", faults);
        }

        if (spec.Flag("shareProcessNamespace") && spec.Flag("hostPID"))
        {
            faults.Invalid(at + ".shareProcessNamespace", true, "ShareProcessNamespace and HostPID cannot both be enabled");
        }

        ValidateSysctls(spec, context, at + ".sysctls", faults);
        ValidateChoice(context, "fsGroupChangePolicy", at, faults, "Always", "OnRootMismatch");
        ValidateProfile(context, "seccompProfile", "seccomp", at, faults);
        WindowsValidation.ValidateOptions(context.Child("windowsOptions"), at + ".windowsOptions", faults);
        ValidateProfile(context, "appArmorProfile", "AppArmor", at, faults);
        ValidateChoice(context, "supplementalGroupsPolicy", at, faults, "Merge", "Strict");
        ValidateChoice(context, "seLinuxChangePolicy", at, faults, "MountOption", "Recursive");
    }

    /// <summary>A pod with users of its own shares no other namespace with its node.</summary>
    public static void ValidateHostUsers(JsonObject spec, string path, Faults faults)
    {
        if (spec.FlagAt("hostUsers") != false)
        {
            return;
        }

        foreach ((string member, string shown) in new[] { ("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC") })
        {
            if (spec.Flag(member))
            {
                faults.Forbidden($"{path}.{shown}", "when `pod.Spec.HostUsers` is false");
            }
        }
    }

    private static void ValidateChoice(JsonObject context, string member, string path, Faults faults, params string[] supported)
    {
        if (context.Has(member))
        {
            faults.OneOf($"{path}.{member}", context.Text(member), supported);
        }
    }

    private static void ValidateSysctls(JsonObject spec, JsonObject context, string path, Faults faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject sysctl in context.Items("sysctls"))
        {
            string at = $"{path}[{i++}].name", name = sysctl.Text("name");
            if (name.Length == 0)
            {
                faults.Required(at);
            }
            else if (name.Length > 253 || !Sysctl().IsMatch(name))
            {
                faults.Invalid(at, name, "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
            }
            else if (names.Contains(name))
            {
                faults.Duplicate(at, name);
            }

            // Both writings mean the same kernel parameter.
            string dotted = name.Replace('/', '.');
            if (spec.Flag("hostNetwork") && dotted.StartsWith("net.", StringComparison.Ordinal))
            {
                faults.Invalid(at, name, "may not be specified when 'hostNetwork' is true");
            }
            else if (spec.Flag("hostIPC") && (dotted.StartsWith("kernel.shm", StringComparison.Ordinal) || dotted.StartsWith("kernel.msg", StringComparison.Ordinal) || dotted is "kernel.sem" || dotted.StartsWith("fs.mqueue.", StringComparison.Ordinal)))
            {
                faults.Invalid(at, name, "may not be specified when 'hostIPC' is true");
            }

            names.Add(name);
        }
    }

    [GeneratedRegex(@"\A([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex Sysctl();

    private static void ValidateProfile(JsonObject context, string member, string what, string path, Faults faults)
    {
        if (context.Child(member) is not { } profile)
        {
            return;
        }

        string at = $"{path}.{member}";
        string type = profile.Text("type");
        if (type.Length == 0)
        {
            faults.Required(at + ".type", what == "seccomp" ? "type is required when seccompProfile is set" : "type is required when appArmorProfile is set");
        }
        else
        {
            faults.OneOf(at + ".type", type, "Localhost", "RuntimeDefault", "Unconfined");
        }

        string localAt = at + ".localhostProfile", local = profile.Text("localhostProfile");
        if (type != "Localhost")
        {
            if (profile.Has("localhostProfile") && (what == "seccomp" || type is "RuntimeDefault" or "Unconfined"))
            {
                faults.Invalid(localAt, profile["localhostProfile"], $"can only be set when {what} type is Localhost");
            }
        }
        else if (what == "seccomp" && profile.Has("localhostProfile"))
        {
            VolumePaths.Descending(local, localAt, faults);
        }
        else if (local.Trim().Length == 0)
        {
            faults.Required(localAt, $"must be set when {what} type is Localhost");
        }
        else if (local.Trim().Length != local.Length)
        {
            faults.Invalid(localAt, local, "must not be padded with whitespace");
        }
        else if (local.Length > 4095)
        {
            faults.Add(FieldError.TooLong(localAt, 4095));
        }
    }

    private static void ValidateId(JsonObject context, string member, string path, Faults faults) => ValidateId(context[member], $"{path}.{member}", faults);

    private static void ValidateId(JsonNode? id, string path, Faults faults)
    {
        if (id.IsNumber && id is JsonValue value && value.TryGetValue(out long number) && number is < 0 or > LargestId)
        {
            faults.Invalid(path, id, "must be between 0 and 2147483647, inclusive");
        }
    }
}
