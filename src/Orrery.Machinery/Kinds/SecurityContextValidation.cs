using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for the security contexts of a pod and of its containers (<c>pkg/apis/core/validation/validation.go</c>, ValidateSecurityContext and ValidatePodSecurityContext).</summary>
internal static class SecurityContextValidation
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
        ValidateProfile(context, "appArmorProfile", "AppArmor", at, faults);
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
    }

    public static void ValidatePod(JsonObject spec, string path, Faults faults)
    {
        string at = path + ".securityContext";
        if (spec.Flag("shareProcessNamespace") && spec.Flag("hostPID"))
        {
            faults.Invalid(at + ".shareProcessNamespace", true, "ShareProcessNamespace and HostPID cannot both be enabled");
        }

        if (spec.Child("securityContext") is not { } context)
        {
            return;
        }

        foreach (string member in new[] { "fsGroup", "runAsUser", "runAsGroup" })
        {
            ValidateId(context, member, at, faults);
        }

        int i = 0;
        foreach (JsonNode? group in context.List("supplementalGroups") ?? [])
        {
            ValidateId(group, $"{at}.supplementalGroups[{i++}]", faults);
        }

        ValidateSysctls(context, at + ".sysctls", faults);
        if (context.Text("fsGroupChangePolicy") is { Length: > 0 } change)
        {
            faults.OneOf(at + ".fsGroupChangePolicy", change, "Always", "OnRootMismatch");
        }

        if (context.Text("supplementalGroupsPolicy") is { Length: > 0 } groups)
        {
            faults.OneOf(at + ".supplementalGroupsPolicy", groups, "Merge", "Strict");
        }

        ValidateProfile(context, "seccompProfile", "seccomp", at, faults);
        ValidateProfile(context, "appArmorProfile", "AppArmor", at, faults);
    }

    private static void ValidateSysctls(JsonObject context, string path, Faults faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject sysctl in context.Items("sysctls"))
        {
            string at = $"{path}[{i++}].name";
            string name = sysctl.Text("name");
            if (name.Length == 0)
            {
                faults.Required(at);
            }
            else if (!names.Add(name))
            {
                faults.Duplicate(at, name);
            }
        }
    }

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

        if (type == "Localhost")
        {
            if (profile.Text("localhostProfile").Length == 0)
            {
                faults.Required(at + ".localhostProfile", $"must be set when {what} type is Localhost");
            }
            else if (what == "seccomp")
            {
                VolumeValidation.ValidateDescending(profile.Text("localhostProfile"), at + ".localhostProfile", faults);
            }
        }
        else if (profile.Has("localhostProfile"))
        {
            faults.Invalid(at + ".localhostProfile", profile["localhostProfile"], $"can only be set when {what} type is Localhost");
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
